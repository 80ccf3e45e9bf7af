package tabular

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// leaf returns the array at a path of struct fields, null where a struct on the way is; nil stands for no
// values at all.
func leaf(cols []arrow.Array, path []int) arrow.Array {
	a := cols[path[0]]
	for _, i := range path[1:] {
		s, ok := plain(a).(*array.Struct)
		if !ok {
			return nil
		}
		a = masked{s.Field(i), a}
	}
	return a
}

// masked is an array that is null where its parent is.
type masked struct {
	arrow.Array
	parent arrow.Array
}

// IsNull says whether the value or its parent is null.
func (m masked) IsNull(i int) bool { return m.parent.IsNull(i) || m.Array.IsNull(i) }

// plain returns the array under its masks.
func plain(a arrow.Array) arrow.Array {
	for {
		m, ok := a.(masked)
		if !ok {
			return a
		}
		a = m.Array
	}
}
