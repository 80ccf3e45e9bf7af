package scalar

import (
	"errors"
	"fmt"
	"math"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// CastError is the error of a value that does not fit where it must (plan.Cast.Must): it rejects the row,
// not the statement.
type CastError struct {
	To     plan.Type
	Reason string // such as `"12,5" is not a number`
}

// Error returns the reason.
func (e *CastError) Error() string { return e.Reason }

func (c *compiler) cast(x *plan.Cast) (eval, error) {
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	zone := c.env.Zone
	return func(r Row) (Value, error) {
		got, err := v(r)
		if err != nil || got.Null() || x.Must && emptyText(got, x.T.Kind) {
			return Value{}, err
		}
		out, err := Cast(got, x.T.Type, zone)
		switch {
		case err == nil:
			return out, nil
		case x.Must:
			return Value{}, &CastError{x.T, err.Error()}
		}
		return rounded(got, x.T.Type), nil
	}, nil
}

// rounded is what TRY_CAST makes of a number that is no INT or DECIMAL as it stands: the nearest one,
// halves away from zero, or null if it is too large. The loader rounds nothing.
func rounded(v Value, t schema.Type) Value {
	if t.Kind != schema.KindInt && t.Kind != schema.KindDecimal || t.Scale > schema.MaxScale {
		return Value{}
	}
	x := v.Num
	var err error
	switch {
	case v.Kind == schema.KindText:
		x, err = ParseNumber(v.S)
	case !v.IsNumber():
		return Value{}
	case x.Float():
		x, err = exact.Parse(x.String())
	}
	if err == nil {
		x, err = x.Round(int(t.Scale))
	}
	i, ok := x.Fits(t.Scale)
	if err != nil || !ok {
		return Value{}
	}
	return Of(schema.Value{Kind: t.Kind, Scale: t.Scale, I: i})
}

// emptyText says whether a value is an empty text, which is no value of any type but TEXT.
func emptyText(v Value, to schema.Kind) bool {
	return v.Kind == schema.KindText && v.S == "" && to != schema.KindText
}

// Cast returns a value that is not null as one of a type, and an error with the reason where it does not
// fit: nothing is rounded or cut. A FLOAT becomes INT or DECIMAL by its shortest decimal text (2.55 is
// 2.55). zone is where a DATE begins.
func Cast(v Value, t schema.Type, zone *calendar.Zone) (Value, error) {
	if v.Kind == schema.KindText {
		return castText(v.S, t, zone)
	}
	switch t.Kind {
	case schema.KindBool:
		return castBool(v)
	case schema.KindInt, schema.KindFloat, schema.KindDecimal:
		return castNumber(v, t)
	case schema.KindText:
		return Text(string(v.Append(nil))), nil
	case schema.KindDate:
		return castDay(v, zone)
	case schema.KindTimestamp:
		return castInstant(v, zone)
	case schema.KindSet:
		return castSet(v)
	case schema.KindKey:
		return castKey(v)
	}
	return same(v, t.Kind)
}

// errKind says that one kind never becomes another.
func errKind(v Value, to schema.Kind) error {
	return fmt.Errorf("%s is no %s", v.Kind, to)
}

func same(v Value, to schema.Kind) (Value, error) {
	if v.Kind == to {
		return v, nil
	}
	return Value{}, errKind(v, to)
}

func castBool(v Value) (Value, error) {
	if !v.IsNumber() {
		return same(v, schema.KindBool)
	}
	if i, ok := v.Num.Fits(0); ok && (i == 0 || i == 1) {
		return whole(schema.KindBool, i), nil
	}
	return Value{}, fmt.Errorf("%s is not true or false", v.Num)
}

func castNumber(v Value, t schema.Type) (Value, error) {
	x := v.Num
	switch v.Kind {
	case schema.KindBool:
		x = exact.FromInt(v.I)
	case schema.KindInt, schema.KindDecimal, schema.KindFloat:
	default:
		return Value{}, errKind(v, t.Kind)
	}
	if t.Kind == schema.KindFloat {
		return Number(exact.FromFloat(x.Float64())), nil
	}
	return fixed(x, t)
}

// fixed returns a number as an INT or DECIMAL that it equals.
func fixed(x exact.Number, t schema.Type) (Value, error) {
	text := x.String()
	if x.Float() {
		if math.IsInf(x.Float64(), 0) {
			return Value{}, fmt.Errorf("%s is not finite", text)
		}
		var err error
		if x, err = exact.Parse(text); err != nil {
			return Value{}, fmt.Errorf("%s is too large for %s", text, t)
		}
	}
	if t.Kind == schema.KindDecimal && t.Scale == plan.AnyScale {
		return Value{Value: schema.Value{Kind: t.Kind}, Num: x}, nil
	}
	i, ok := x.Fits(t.Scale)
	if !ok {
		return Value{}, fixedError(text, x, t.Scale)
	}
	return Of(schema.Value{Kind: t.Kind, Scale: t.Scale, I: i}), nil
}

func castDay(v Value, zone *calendar.Zone) (Value, error) {
	if v.Kind == schema.KindTimestamp {
		return whole(schema.KindDate, zone.DayOf(v.I)), nil
	}
	return same(v, schema.KindDate)
}

func castInstant(v Value, zone *calendar.Zone) (Value, error) {
	if v.Kind == schema.KindDate {
		return whole(schema.KindTimestamp, zone.Midnight(v.I)), nil
	}
	return same(v, schema.KindTimestamp)
}

func castSet(v Value) (Value, error) {
	if v.Kind == schema.KindSet {
		return v, nil
	}
	return NewSet([]string{string(v.Append(nil))}), nil
}

// castKey hashes the text that the value prints as.
func castKey(v Value) (Value, error) {
	if v.Kind == schema.KindKey {
		return v, nil
	}
	return whole(schema.KindKey, int64(HashKey(v.Append(nil)))), nil
}

// castText reads a text as a value of a type.
func castText(s string, t schema.Type, zone *calendar.Zone) (Value, error) {
	switch t.Kind {
	case schema.KindText:
		return Text(s), CheckText(s)
	case schema.KindBool:
		b, err := ParseBool(s)
		return Bool(Truth(b)), err
	case schema.KindInt:
		i, err := ParseFixed(s, 0)
		return intValue(i), err
	case schema.KindDecimal:
		return textToDecimal(s, t)
	case schema.KindFloat:
		f, err := ParseFloat(s)
		return Number(exact.FromFloat(f)), err
	case schema.KindDate:
		day, err := ParseDay(s, zone)
		return whole(t.Kind, day), err
	case schema.KindTimestamp:
		at, err := ParseInstant(s, zone)
		return whole(t.Kind, at), err
	case schema.KindKey:
		return whole(t.Kind, int64(HashKey(s))), nil
	case schema.KindSet:
		elems, err := ParseSet(s)
		return NewSet(elems), err
	case schema.KindDuration:
		return textToDuration(s)
	}
	return Value{}, errKind(Text(s), t.Kind)
}

func textToDecimal(s string, t schema.Type) (Value, error) {
	if t.Scale == plan.AnyScale {
		x, err := ParseNumber(s)
		return Value{Value: schema.Value{Kind: t.Kind}, Num: x}, err
	}
	i, err := ParseFixed(s, t.Scale)
	return Of(schema.Value{Kind: t.Kind, Scale: t.Scale, I: i}), err
}

func textToDuration(s string) (Value, error) {
	d, err := calendar.ParseDuration(trim(s))
	if err == nil && d.Months != 0 {
		err = errors.New("months have no fixed length")
	}
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", quote(s), err)
	}
	return whole(schema.KindDuration, d.MS), nil
}
