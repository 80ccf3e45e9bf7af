package scalar

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
	"github.com/zeebo/xxh3"
)

// function is a function of values that are not null.
type function func(args []Value) (Value, error)

func (c *compiler) call(x *plan.Call) (eval, error) {
	args, err := c.values(x.Args)
	if err != nil {
		return nil, err
	}
	switch x.Fn {
	case plan.FnCoalesce:
		return floating(x.T, coalesce(args)), nil
	case plan.FnBucket:
		return bucket(args), nil
	}
	f, err := c.function(x)
	if err != nil {
		return nil, err
	}
	if x.Fn == plan.FnLeast || x.Fn == plan.FnGreatest {
		return floating(x.T, strict(f, args)), nil
	}
	return strict(f, args), nil
}

// floating makes a FLOAT of whatever number an arm gives, where another arm is a FLOAT.
func floating(t plan.Type, e eval) eval {
	if t.Kind != schema.KindFloat || e == nil {
		return e
	}
	return func(r Row) (Value, error) {
		v, err := e(r)
		if err != nil || v.Null() || v.Kind == schema.KindFloat {
			return v, err
		}
		return Number(exact.FromFloat(v.Num.Float64())), nil
	}
}

// strict evaluates the arguments; one that is null makes the result null.
func strict(f function, args []eval) eval {
	return func(r Row) (Value, error) {
		got := make([]Value, 0, len(args))
		for _, a := range args {
			v, err := a(r)
			if err != nil || v.Null() {
				return Value{}, err
			}
			got = append(got, v)
		}
		return f(got)
	}
}

func coalesce(args []eval) eval {
	return func(r Row) (Value, error) {
		for _, a := range args {
			v, err := a(r)
			if err != nil || !v.Null() {
				return v, err
			}
		}
		return Value{}, nil
	}
}

func bucket(args []eval) eval {
	return func(r Row) (Value, error) {
		salt, err := args[0](r)
		if err != nil || salt.Null() {
			return Value{}, err
		}
		return intValue(Bucket(salt.S, r.ID())), nil
	}
}

// Bucket returns xxh3_64(salt ‖ 0x00 ‖ contact id) mod 10000. It is the same for ever: the vectors in the
// test are part of the documentation.
func Bucket(salt string, id []byte) int64 {
	buf := make([]byte, 0, 128)
	buf = append(buf, salt...)
	buf = append(buf, 0)
	buf = append(buf, id...)
	return int64(xxh3.Hash(buf) % 10_000)
}

// HashKey returns the hash that a KEY stores of a text.
func HashKey[T string | []byte](text T) uint64 {
	switch text := any(text).(type) {
	case string:
		return xxh3.HashString(text)
	case []byte:
		return xxh3.Hash(text)
	}
	return 0
}

func (c *compiler) function(x *plan.Call) (function, error) {
	switch x.Fn {
	case plan.FnHour, plan.FnWeekday, plan.FnDay, plan.FnMonth, plan.FnYear, plan.FnYearsSince:
		return c.dateFunction(x.Fn), nil
	case plan.FnDateTrunc:
		return c.dateTrunc(x)
	}
	if f, ok := plainFunctions[x.Fn]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("this node does not know function %d; are all nodes of one version?", x.Fn)
}

// plainFunctions need nothing but their arguments.
var plainFunctions = map[plan.Fn]function{
	plan.FnAbs:        abs,
	plan.FnRound:      round,
	plan.FnLeast:      func(a []Value) (Value, error) { return extreme(a, -1), nil },
	plan.FnGreatest:   func(a []Value) (Value, error) { return extreme(a, 1), nil },
	plan.FnLower:      func(a []Value) (Value, error) { return Text(strings.ToLower(a[0].S)), nil },
	plan.FnUpper:      func(a []Value) (Value, error) { return Text(strings.ToUpper(a[0].S)), nil },
	plan.FnLength:     func(a []Value) (Value, error) { return intValue(int64(utf8.RuneCountInString(a[0].S))), nil },
	plan.FnDomain:     func(a []Value) (Value, error) { return domain(a[0].S), nil },
	plan.FnSize:       func(a []Value) (Value, error) { return intValue(int64(len(a[0].Set))), nil },
	plan.FnVersion:    func(a []Value) (Value, error) { return a[0], nil },
	plan.FnDistanceKM: func(a []Value) (Value, error) { return distance(a), nil },
}

func abs(a []Value) (Value, error) {
	if a[0].Kind != schema.KindDuration {
		return orNull(exact.Abs(a[0].Num))
	}
	if a[0].I >= 0 {
		return a[0], nil
	}
	minus, ok := exact.Int(a[0].I).Neg()
	return duration(minus, ok)
}

func round(a []Value) (Value, error) {
	decimals := int64(0)
	if len(a) > 1 {
		var err error
		if decimals, err = a[1].Num.Unscaled(0); err != nil {
			return Value{}, err
		}
	}
	// No number has a digit beyond 2,000 places on either side of the point.
	return orNull(a[0].Num.Round(int(min(max(decimals, -2000), 2000))))
}

// extreme returns the least (sign −1) or greatest (1) argument, the first of equal ones.
func extreme(a []Value, sign int) Value {
	best := a[0]
	for _, v := range a[1:] {
		if Compare(v, best)*sign > 0 {
			best = v
		}
	}
	return best
}

func domain(s string) Value {
	at := strings.LastIndexByte(s, '@')
	if at < 0 || at == len(s)-1 {
		return Value{}
	}
	return Text(strings.ToLower(s[at+1:]))
}

// earthRadiusKM is the mean radius of the IUGG.
const earthRadiusKM = 6371.0088

// distance is the great-circle distance in km between (lat, lon) and (lat, lon) in degrees, by the
// haversine formula; null for places that are not on the globe.
func distance(a []Value) Value {
	var deg [4]float64
	for i := range deg {
		deg[i] = a[i].Num.Float64()
		if limit := [2]float64{90, 180}[i%2]; !(math.Abs(deg[i]) <= limit) {
			return Value{}
		}
	}
	const rad = math.Pi / 180
	lat1, lat2 := float64(deg[0]*rad), float64(deg[2]*rad)
	s := math.Sin(float64((deg[2] - deg[0]) * rad / 2))
	t := math.Sin(float64((deg[3] - deg[1]) * rad / 2))
	// The conversions keep a compiler from fusing steps: every node rounds alike.
	h := float64(s*s) + float64(float64(math.Cos(lat1)*math.Cos(lat2))*float64(t*t))
	return Number(exact.FromFloat(2 * earthRadiusKM * math.Asin(math.Sqrt(min(h, 1)))))
}

// dateFunction is a function of a DATE or TIMESTAMP; the hour of a DATE is 0.
func (c *compiler) dateFunction(fn plan.Fn) function {
	return func(a []Value) (Value, error) {
		day := c.day(a[0])
		year, month, dom := calendar.DateOfDay(day)
		switch fn {
		case plan.FnHour:
			if a[0].Kind == schema.KindDate {
				return intValue(0), nil
			}
			return intValue(int64(c.env.Zone.Hour(a[0].I))), nil
		case plan.FnWeekday:
			return intValue(int64(calendar.Weekday(day))), nil
		case plan.FnDay:
			return intValue(int64(dom)), nil
		case plan.FnMonth:
			return intValue(int64(month)), nil
		case plan.FnYearsSince:
			return intValue(c.yearsSince(year, month, dom)), nil
		}
		return intValue(year), nil
	}
}

// yearsSince counts the yearly returns up to the clock's day: 29 February returns on 1 March. For a day
// to come it is negative.
func (c *compiler) yearsSince(year int64, month, day int) int64 {
	y, m, d := calendar.DateOfDay(c.env.Zone.DayOf(c.env.Clock))
	years := y - year
	if m < month || m == month && d < day {
		years--
	}
	return years
}

func (c *compiler) dateTrunc(x *plan.Call) (function, error) {
	k, ok := x.Args[0].(*plan.Const)
	if !ok {
		return nil, fmt.Errorf("date_trunc takes a constant unit such as 'month'")
	}
	unit, ok := calendar.ParseUnit(strings.ToLower(k.Value.S))
	if !ok {
		return nil, fmt.Errorf("date_trunc knows no unit %q; the units are %s", k.Value.S, strings.Join(calendar.UnitNames(), ", "))
	}
	return func(a []Value) (Value, error) {
		v := a[1]
		if v.Kind == schema.KindDate && x.T.Kind == schema.KindDate {
			if unit < calendar.UnitDay {
				return v, nil
			}
			return whole(schema.KindDate, calendar.TruncDay(unit, v.I)), nil
		}
		out := c.env.Zone.Trunc(unit, c.instant(v))
		if x.T.Kind == schema.KindDate {
			return whole(schema.KindDate, c.env.Zone.DayOf(out)), nil
		}
		return whole(schema.KindTimestamp, out), nil
	}, nil
}

func (c *compiler) cases(x *plan.Case) (eval, error) {
	type arm struct {
		cond test
		then eval
	}
	arms := make([]arm, len(x.Whens))
	for i, w := range x.Whens {
		var err error
		if arms[i].cond, err = c.test(w.Cond); err != nil {
			return nil, err
		}
		if arms[i].then, err = c.value(w.Then); err != nil {
			return nil, err
		}
	}
	otherwise := func(Row) (Value, error) { return Value{}, nil }
	if x.Else != nil {
		var err error
		if otherwise, err = c.value(x.Else); err != nil {
			return nil, err
		}
	}
	return func(r Row) (Value, error) {
		for _, a := range arms {
			truth, err := a.cond(r)
			if err != nil {
				return Value{}, err
			}
			if truth == True {
				return a.then(r)
			}
		}
		return otherwise(r)
	}, nil
}
