package column

import (
	"math"

	"github.com/musterdb/muster/storage/schema"
)

// Lists resolves codes of whole sets, for SET values over foreign memory.
type Lists interface {
	// List returns the element codes of a set, ascending. Read only.
	List(set uint32) []uint32
}

// Raw describes values that lie in memory of someone else, such as an event block's. Null cells need not
// be zero.
type Raw struct {
	Type     schema.Type
	Enc      Encoding // any but Plain
	Width    int      // bytes of a value: Narrow, Codes, Floats; Sets: of a set's code
	Seconds  bool     // a TIMESTAMP in seconds rather than ms
	Base     int64    // as Chunk.Base
	Len      int
	Nulls    int
	Valid    []uint64 // nil if Nulls is 0
	Data     []byte   // 8-byte aligned
	MS       []uint16 // with Seconds, may be nil
	Zone     bool     // Min and Max bound the values
	Min, Max int64    // of FLOAT: the bits
	Dict     *Dict
	Lists    Lists // of Sets
}

// View returns a read-only chunk over foreign memory; it owns nothing and must not be written or freed.
func (r *Raw) View() Chunk {
	c := Chunk{typ: r.Type, enc: r.Enc, width: uint8(r.Width), secs: r.Seconds, base: r.Base, n: r.Len, nulls: r.Nulls,
		valid: r.Valid, data: r.Data, ms: r.MS, zone: r.Zone, min: r.Min, max: r.Max, dict: r.Dict, lists: r.Lists}
	if r.Type.Kind == schema.KindFloat {
		c.fmin, c.fmax = math.Float64frombits(uint64(r.Min)), math.Float64frombits(uint64(r.Max))
	}
	return c
}

func (c *Chunk) list(i int) []uint32 {
	if c.Null(i) {
		return nil
	}
	if c.enc == Const {
		return c.lists.List(uint32(c.base))
	}
	return c.lists.List(uint32(c.raw(i)))
}
