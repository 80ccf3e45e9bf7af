package column

import (
	"math"
	"math/bits"
	"unsafe"

	"github.com/musterdb/muster/storage/schema"
)

// Alias describes values that lie in memory of somebody else, such as a block of events.
type Alias struct {
	Type   schema.Type
	Dict   *Dict // of TEXT and SET
	Sets   *Dict // of SET: set i's entry (see SetEntry) is its text i
	Len    int
	Width  int            // bytes of a raw value; 0 means that all values are Base, BOOL has bits whatever it says
	Base   int64          // as Chunk.Base
	Lo, Hi int64          // bounds of the values; of FLOAT the bits of bounds
	Values unsafe.Pointer // raw values, zero where null; whole words of BOOL
	Valid  []uint64       // nil if no value is null
}

// Alias makes c a read-only view of values that lie elsewhere. Such a chunk must not be changed or freed,
// has no postings and no histogram, and is never Plain.
func (c *Chunk) Alias(a Alias) {
	*c = Chunk{dict: a.Dict, sets: a.Sets, typ: a.Type, width: uint8(a.Width), n: a.Len, base: a.Base,
		min: a.Lo, max: a.Hi, zone: true, enc: Narrow, valid: a.Valid}
	size := a.Width * a.Len
	switch a.Type.Kind {
	case schema.KindBool:
		c.enc, size = Bits, (a.Len+63)/64*8
	case schema.KindFloat:
		c.enc, c.base = Floats, 0
		c.fmin, c.fmax = math.Float64frombits(uint64(a.Lo)), math.Float64frombits(uint64(a.Hi))
	case schema.KindText:
		c.enc = Codes
	case schema.KindSet:
		c.enc, c.zone = Sets, false
	default:
		if a.Width == 0 {
			c.enc = Const
		}
	}
	if size > 0 {
		c.data = unsafe.Slice((*byte)(a.Values), size)
	}
	if a.Valid != nil {
		c.nulls = a.Len
		for _, w := range a.Valid {
			c.nulls -= bits.OnesCount64(w)
		}
	}
}

// SetEntry appends the canonical bytes of a set of ascending dictionary codes: two sets are equal if
// their entries are.
func SetEntry(dst []byte, codes []uint32) []byte { return appendEntry(dst, codes) }

// SetEntryLen returns the number of codes of an entry, or false if the bytes are not one.
func SetEntryLen(e []byte) (int, bool) {
	if len(e) == 0 {
		return 0, true
	}
	if w := int(e[0]); w != 1 && w != 2 && w != 4 || (len(e)-1)%w != 0 || len(e) == 1 {
		return 0, false
	}
	return (len(e) - 1) / int(e[0]), true
}

// SetEntryCode returns code j of an entry.
func SetEntryCode(e []byte, j int) uint32 { return entryCode(e, j) }
