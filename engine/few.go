package engine

import (
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
)

// FewValues says whether an attribute has few different values in the shard, as far as its encoding tells: at
// most a number of texts, or whole numbers that lie at most span apart. False means that it may have more.
func (s *Shard) FewValues(attr schema.AttrID, texts, span int64) bool {
	few := true
	err := s.Read(func(v *storage.View) error {
		few = fewValues(v, attr, texts, span)
		return nil
	})
	return err == nil && few
}

func fewValues(v *storage.View, attr schema.AttrID, texts, span int64) bool {
	lo, hi, some := int64(0), int64(0), false
	for c := range v.Chunks() {
		col := v.Column(attr, c)
		if col == nil || col.Enc() == column.AllNull {
			continue
		}
		switch col.Type().Kind {
		case schema.KindText:
			if d := col.Dict(); d == nil || int64(d.Len()) > texts {
				return false
			}
			continue
		case schema.KindBool, schema.KindInt, schema.KindDecimal, schema.KindDate:
		default:
			return false
		}
		from, to, ok := col.MinMax()
		if !ok {
			return false
		}
		if !some {
			lo, hi, some = from, to, true
		}
		lo, hi = min(lo, from), max(hi, to)
	}
	return !some || uint64(hi)-uint64(lo) <= uint64(span)
}
