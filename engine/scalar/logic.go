package scalar

import (
	"errors"
	"slices"
	"sort"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// junction is AND (decided by False) or OR (decided by True).
func (c *compiler) junction(terms []plan.Expr, decides Tri) (test, error) {
	tests := make([]test, len(terms))
	for i, x := range terms {
		var err error
		if tests[i], err = c.test(x); err != nil {
			return nil, err
		}
	}
	return func(r Row) (Tri, error) {
		out := decides.Not()
		for _, t := range tests {
			truth, err := t(r)
			if err != nil || truth == decides {
				return truth, err
			}
			if truth == Unknown {
				out = Unknown
			}
		}
		return out, nil
	}, nil
}

func (c *compiler) not(x *plan.Not) (test, error) {
	t, err := c.test(x.X)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Tri, error) {
		truth, err := t(r)
		return truth.Not(), err
	}, nil
}

// isTrue asks the contact: nothing in x.X looks at an event's properties.
func (c *compiler) isTrue(x *plan.IsTrue) (test, error) {
	t, err := c.test(x.X)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Tri, error) {
		truth, err := t(r)
		return Truth(truth == True), err
	}, nil
}

func (c *compiler) isNull(x *plan.IsNull) (test, error) {
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Tri, error) {
		got, err := v(r)
		return Truth(got.Null()), err
	}, nil
}

// both evaluates two expressions.
func both(x, y eval, r Row) (Value, Value, error) {
	a, err := x(r)
	if err != nil {
		return a, Value{}, err
	}
	b, err := y(r)
	return a, b, err
}

// pair compiles two sides of a comparison so that their kinds agree: a DATE compared with a TIMESTAMP
// stands for its first midnight, a TEXT compared with a KEY for its hash.
func (c *compiler) pair(x, y plan.Expr) (a, b eval, err error) {
	if a, err = c.value(x); err != nil {
		return nil, nil, err
	}
	if b, err = c.value(y); err != nil {
		return nil, nil, err
	}
	return c.lift(a, y.Type().Kind), c.lift(b, x.Type().Kind), nil
}

// lift makes a value comparable with a kind.
func (c *compiler) lift(x eval, with schema.Kind) eval {
	if with != schema.KindTimestamp && with != schema.KindKey {
		return x
	}
	return func(r Row) (Value, error) {
		v, err := x(r)
		return c.liftValue(v, with), err
	}
}

func (c *compiler) liftValue(v Value, with schema.Kind) Value {
	switch {
	case with == schema.KindTimestamp && v.Kind == schema.KindDate:
		return whole(schema.KindTimestamp, c.env.Zone.Midnight(v.I))
	case with == schema.KindKey && v.Kind == schema.KindText:
		return whole(schema.KindKey, int64(HashKey(v.S)))
	}
	return v
}

func (c *compiler) isDistinct(x *plan.IsDistinct) (test, error) {
	a, b, err := c.pair(x.X, x.Y)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Tri, error) {
		v, w, err := both(a, b, r)
		if err != nil || v.Null() || w.Null() {
			return Truth(v.Null() != w.Null()), err
		}
		return Truth(Compare(v, w) != 0), nil
	}, nil
}

func (c *compiler) compare(x *plan.Cmp) (test, error) {
	a, b, err := c.pair(x.X, x.Y)
	if err != nil {
		return nil, err
	}
	op := x.Op
	if x.Version {
		return compareVersions(op, a, b), nil
	}
	return func(r Row) (Tri, error) {
		v, w, err := both(a, b, r)
		if err != nil || v.Null() || w.Null() {
			return Unknown, err
		}
		return Truth(holds(op, Compare(v, w))), nil
	}, nil
}

// compareVersions is unknown where a text is no version.
func compareVersions(op plan.CmpOp, a, b eval) test {
	return func(r Row) (Tri, error) {
		v, w, err := both(a, b, r)
		if err != nil || v.Null() || w.Null() {
			return Unknown, err
		}
		order, ok := CompareVersions(v.S, w.S)
		if !ok {
			return Unknown, nil
		}
		return Truth(holds(op, order)), nil
	}
}

// holds says whether an order satisfies an operator.
func holds(op plan.CmpOp, order int) bool {
	switch op {
	case plan.Eq:
		return order == 0
	case plan.Ne:
		return order != 0
	case plan.Lt:
		return order < 0
	case plan.Le:
		return order <= 0
	case plan.Gt:
		return order > 0
	}
	return order >= 0
}

func (c *compiler) in(x *plan.In) (test, error) {
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	v = c.lift(v, kindAmong(x.Values))
	has := c.member(x)
	miss := False
	if x.HasNull {
		miss = Unknown
	}
	empty := len(x.Values) == 0 && !x.HasNull // nothing is in an empty list, not even null
	return func(r Row) (Tri, error) {
		got, err := v(r)
		switch {
		case err != nil:
			return Unknown, err
		case empty:
			return False, nil
		case got.Null():
			return Unknown, nil
		case has(got):
			return True, nil
		}
		return miss, nil
	}, nil
}

func kindAmong(values []schema.Value) schema.Kind {
	if len(values) == 0 {
		return schema.KindNull
	}
	return values[0].Kind
}

// member returns the test of a list: a map for texts, a sorted list for the rest.
func (c *compiler) member(x *plan.In) func(Value) bool {
	if kindAmong(x.Values) == schema.KindText && x.X.Type().Kind != schema.KindKey {
		set := make(map[string]struct{}, len(x.Values))
		for _, v := range x.Values {
			set[v.S] = struct{}{}
		}
		return func(v Value) bool { _, ok := set[v.S]; return ok && v.Kind == schema.KindText }
	}
	sorted := make([]Value, len(x.Values))
	for i, v := range x.Values {
		sorted[i] = c.liftValue(Of(v), x.X.Type().Kind)
	}
	slices.SortFunc(sorted, Compare)
	return func(v Value) bool {
		i := sort.Search(len(sorted), func(i int) bool { return Compare(sorted[i], v) >= 0 })
		return i < len(sorted) && Compare(sorted[i], v) == 0
	}
}

func (c *compiler) setHas(x *plan.SetHas) (test, error) {
	v, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	want := slices.Clone(x.Values)
	slices.Sort(want)
	want = slices.Compact(want)
	return func(r Row) (Tri, error) {
		got, err := v(r)
		if err != nil || got.Null() {
			return Unknown, err
		}
		return Truth(setTest(x.Mode, got.Set, want)), nil
	}, nil
}

func (c *compiler) setCmp(x *plan.SetCmp) (test, error) {
	a, err := c.value(x.X)
	if err != nil {
		return nil, err
	}
	b, err := c.value(x.Y)
	if err != nil {
		return nil, err
	}
	return func(r Row) (Tri, error) {
		v, w, err := both(a, b, r)
		if err != nil || v.Null() || w.Null() {
			return Unknown, err
		}
		if x.Subset {
			return Truth(common(v.Set, w.Set) == len(v.Set)), nil
		}
		return Truth(setTest(x.Mode, v.Set, w.Set)), nil
	}, nil
}

// setTest tests a set against wanted texts; both are sorted without repetition.
func setTest(mode plan.SetMode, set, want []string) bool {
	n := common(set, want)
	switch mode {
	case plan.SetAny:
		return n > 0
	case plan.SetAll:
		return n == len(want)
	}
	return n == 0
}

// common returns the number of texts that two sorted sets share.
func common(a, b []string) (n int) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			n++
			a, b = a[1:], b[1:]
		}
	}
	return n
}

// orNull turns the errors of arithmetic that the language calls null into null.
func orNull(x exact.Number, err error) (Value, error) {
	if err == nil {
		return Number(x), nil
	}
	if errors.Is(err, exact.ErrDivision) || errors.Is(err, exact.ErrNaN) {
		return Value{}, nil
	}
	return Value{}, err
}
