package plan

import "github.com/musterdb/muster/storage/schema"

// IDEquals returns the contact id that a condition asks for by id = '…', if it is one.
func IDEquals(x Expr) (id string, ok bool) {
	c, ok := x.(*Cmp)
	if !ok || c.Op != Eq || c.Version {
		return "", false
	}
	if id, ok = idAndText(c.X, c.Y); !ok {
		id, ok = idAndText(c.Y, c.X)
	}
	return id, ok
}

func idAndText(x, y Expr) (string, bool) {
	a, isAttr := x.(*Attr)
	t, isConst := y.(*Const)
	if !isAttr || !isConst || a.ID != schema.AttrIDOf || t.Value.Kind != schema.KindText {
		return "", false
	}
	return t.Value.S, true
}
