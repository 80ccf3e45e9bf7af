package scalar

import (
	"fmt"
	"math/bits"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// binary is an operator on two values that are not null.
type binary func(x, y Value) (Value, error)

func (c *compiler) arith(x *plan.Arith) (eval, error) {
	a, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	b, err := c.value(x.Y)
	if err != nil {
		return nil, err
	}
	op, err := c.operator(x)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Value, error) {
		v, w, err := both(a, b, r)
		if err != nil || v.Null() || w.Null() {
			return Value{}, err
		}
		return op(v, w)
	}, nil
}

// operator chooses by the kinds of the two sides.
func (c *compiler) operator(x *plan.Arith) (binary, error) {
	k, l := x.X.Type().Kind, x.Y.Type().Kind
	switch {
	case k == schema.KindNull || l == schema.KindNull:
		return func(Value, Value) (Value, error) { return Value{}, nil }, nil
	case x.X.Type().Numeric() && x.Y.Type().Numeric():
		return numberOps[x.Op], nil
	case isTime(k) && isTime(l) && x.Op == plan.Sub:
		return c.difference, nil
	case isTime(k) && l == schema.KindDuration && x.Op <= plan.Sub:
		return c.shift(x.T.Kind, x.Op == plan.Sub), nil
	case k == schema.KindDuration && isTime(l) && x.Op == plan.Add:
		add := c.shift(x.T.Kind, false)
		return func(v, w Value) (Value, error) { return add(w, v) }, nil
	case k == schema.KindDuration || l == schema.KindDuration:
		return durationOp(x.Op, k, l)
	}
	return nil, fmt.Errorf("there is no arithmetic between %s and %s", k, l)
}

var numberOps = [...]binary{
	plan.Add: func(x, y Value) (Value, error) { return orNull(exact.Add(x.Num, y.Num)) },
	plan.Sub: func(x, y Value) (Value, error) { return orNull(exact.Sub(x.Num, y.Num)) },
	plan.Mul: func(x, y Value) (Value, error) { return orNull(exact.Mul(x.Num, y.Num)) },
	plan.Div: func(x, y Value) (Value, error) { return orNull(exact.Div(x.Num, y.Num)) },
}

func isTime(k schema.Kind) bool { return k == schema.KindDate || k == schema.KindTimestamp }

// instant returns a DATE's first midnight or the TIMESTAMP itself, in ms.
func (c *compiler) instant(v Value) int64 {
	if v.Kind == schema.KindDate {
		return c.env.Zone.Midnight(v.I)
	}
	return v.I
}

// day returns the day of a DATE or, in the base's zone, of a TIMESTAMP.
func (c *compiler) day(v Value) int64 {
	if v.Kind == schema.KindTimestamp {
		return c.env.Zone.DayOf(v.I)
	}
	return v.I
}

// difference is x − y as a DURATION; two DATEs differ by whole days of 24 hours.
func (c *compiler) difference(x, y Value) (Value, error) {
	if x.Kind == schema.KindDate && y.Kind == schema.KindDate {
		days, ok := sub64(x.I, y.I)
		ms, ok2 := exact.Int(days).Mul(exact.Int(calendar.Day))
		return duration(ms, ok && ok2)
	}
	d, ok := sub64(c.instant(x), c.instant(y))
	return duration(exact.Int(d), ok)
}

// shift is x ± a DURATION. A DATE stays one where the plan says so (the DURATION is then whole days);
// else it stands for its first midnight.
func (c *compiler) shift(to schema.Kind, minus bool) binary {
	return func(x, d Value) (Value, error) {
		at, by := x.I, d.I
		if to == schema.KindDate {
			by = floorDiv(by, calendar.Day)
		} else {
			at = c.instant(x)
		}
		move := add64
		if minus {
			move = sub64
		}
		sum, ok := move(at, by)
		if !ok {
			return Value{}, exact.ErrOverflow
		}
		return whole(to, sum), nil
	}
}

func floorDiv(x, y int64) int64 {
	q := x / y
	if x%y < 0 {
		q--
	}
	return q
}

func add64(x, y int64) (int64, bool) {
	sum, _ := bits.Add64(uint64(x), uint64(y), 0)
	return int64(sum), (x^int64(sum))&(y^int64(sum)) >= 0
}

func sub64(x, y int64) (int64, bool) {
	diff, _ := bits.Sub64(uint64(x), uint64(y), 0)
	return int64(diff), (x^y)&(x^int64(diff)) >= 0
}

func duration(ms exact.Int128, ok bool) (Value, error) {
	v, fits := ms.Int64()
	if !ok || !fits {
		return Value{}, exact.ErrOverflow
	}
	return whole(schema.KindDuration, v), nil
}

// durationOp is DURATION ± DURATION, DURATION * number, number * DURATION, DURATION / number (rounded half
// away from zero to ms) and DURATION / DURATION, a quotient.
func durationOp(op plan.ArithOp, k, l schema.Kind) (binary, error) {
	two := k == schema.KindDuration && l == schema.KindDuration
	switch {
	case two && op == plan.Div:
		return func(x, y Value) (Value, error) { return orNull(exact.Div(ms(x), ms(y))) }, nil
	case two && op == plan.Add:
		return scaled(exact.Add), nil
	case two && op == plan.Sub:
		return scaled(exact.Sub), nil
	case !two && op == plan.Mul:
		return scaled(exact.Mul), nil
	case k == schema.KindDuration && !two && op == plan.Div:
		return scaled(exact.Div), nil
	}
	return nil, fmt.Errorf("there is no such arithmetic between %s and %s", k, l)
}

// ms returns a DURATION's milliseconds, or the number that it is multiplied with.
func ms(v Value) exact.Number {
	if v.IsNumber() {
		return v.Num
	}
	return exact.FromInt(v.I)
}

// scaled makes an operator on numbers one that gives a DURATION.
func scaled(op func(x, y exact.Number) (exact.Number, error)) binary {
	return func(x, y Value) (Value, error) {
		v, err := orNull(op(ms(x), ms(y)))
		if err != nil || v.Null() {
			return v, err
		}
		i, err := v.Num.Unscaled(0)
		return whole(schema.KindDuration, i), err
	}
}

func (c *compiler) addCalendar(x *plan.AddCalendar) (eval, error) {
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Value, error) {
		got, err := v(r)
		switch {
		case err != nil || got.Null():
			return Value{}, err
		case got.Kind == schema.KindDate && x.T.Kind == schema.KindDate:
			return whole(schema.KindDate, calendar.AddMonthsToDay(got.I, x.Months)), nil
		}
		return whole(schema.KindTimestamp, c.env.Zone.AddMonths(c.instant(got), x.Months)), nil
	}, nil
}

func (c *compiler) neg(x *plan.Neg) (eval, error) {
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Value, error) {
		got, err := v(r)
		switch {
		case err != nil || got.Null():
			return Value{}, err
		case got.IsNumber():
			return orNull(exact.Neg(got.Num))
		}
		minus, ok := exact.Int(got.I).Neg()
		return duration(minus, ok)
	}, nil
}
