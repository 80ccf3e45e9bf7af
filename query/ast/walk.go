package ast

// Walk calls visit for an expression and for all that stands in it, what contains before what is contained
// and in the order of the text. It does not look into an expression for which visit returns false.
func Walk(x Expr, visit func(Expr) bool) {
	if x == nil || !visit(x) {
		return
	}
	eachPart(x, func(part Expr) { Walk(part, visit) })
}

// eachPart calls f for what stands directly in an expression; f is not called for what is absent.
func eachPart(x Expr, f func(Expr)) {
	each := func(parts ...Expr) {
		for _, p := range parts {
			if p != nil {
				f(p)
			}
		}
	}
	switch x := x.(type) {
	case *Unary:
		each(x.X)
	case *Binary:
		each(x.X, x.Y)
	case *Paren:
		each(x.X)
	case *Call:
		each(x.Args...)
	case *Case:
		for _, w := range x.Whens {
			each(w.Cond, w.Then)
		}
		each(x.Else)
	case *TryCast:
		each(x.X)
	case *InSegment:
		each(x.AsOf)
	default:
		partsOfTest(x, each)
	}
}

func partsOfTest(x Expr, each func(...Expr)) {
	switch x := x.(type) {
	case *Between:
		each(x.X, x.Lo, x.Hi)
	case *In:
		each(x.X)
		each(x.Values...)
	case *IsNull:
		each(x.X)
	case *IsDistinct:
		each(x.X, x.Y)
	case *Has:
		each(x.X)
		each(x.Values...)
	case *SubsetOf:
		each(x.X, x.Y)
	case *InWindow:
		each(x.X)
		partsOfWindow(x.Window, each)
	default:
		partsOfBehaviour(x, each)
	}
}

func partsOfBehaviour(x Expr, each func(...Expr)) {
	switch x := x.(type) {
	case *Aggregate:
		if x.Sel != nil {
			each(x.Sel.Filter)
		}
		each(x.Arg)
		partsOfWindow(x.Window, each)
		each(x.Options...)
	case *Did:
		each(x.Sel.Filter)
		partsOfWindow(x.Window, each)
	case *Nth:
		each(x.Sel.Filter)
		partsOfWindow(x.Window, each)
	}
}

func partsOfWindow(w *Window, each func(...Expr)) {
	if w == nil {
		return
	}
	each(w.X)
	if w.Period != nil {
		each(w.Period.X, w.Period.Y)
	}
}

// Expressions returns the expressions of a statement in the order of the text; absent ones are left out.
func Expressions(s Stmt) []Expr {
	var out []Expr
	add := func(xs ...Expr) {
		for _, x := range xs {
			if x != nil {
				out = append(out, x)
			}
		}
	}
	assigns := func(as []Assign) {
		for _, a := range as {
			add(a.X)
		}
	}
	switch s := s.(type) {
	case *Select:
		return s.expressions()
	case *CopyTo:
		return s.Query.expressions()
	case *Explain:
		return Expressions(s.Stmt)
	case *Count:
		add(s.Where, s.AsOf)
	case *Upsert:
		add(s.ID)
		assigns(s.Set)
	case *Track:
		add(s.Contact, s.Time, s.EventID)
		assigns(s.Props)
	case *Update:
		assigns(s.Set)
		add(s.Where)
	case *CopyFrom:
		assigns(s.Map)
	case *DeleteContact:
		add(s.ID)
	case *DeleteEvents:
		add(s.Where)
	case *CreateSegment:
		add(s.Where)
		add(s.IDs...)
	case *AlterSegment:
		add(s.IDs...)
	case *ShowContact:
		add(s.ID)
	case *ShowSegmentsOf:
		add(s.ID)
	}
	return out
}

func (s *Select) expressions() []Expr {
	var out []Expr
	for _, i := range s.Items {
		if i.X != nil {
			out = append(out, i.X)
		}
	}
	if s.Where != nil {
		out = append(out, s.Where)
	}
	out = append(out, s.Group...)
	if s.Having != nil {
		out = append(out, s.Having)
	}
	for _, o := range s.Order {
		out = append(out, o.X)
	}
	if s.AsOf != nil {
		out = append(out, s.AsOf)
	}
	return out
}
