package guard

import (
	"encoding/binary"
	"errors"
)

// errFlat is the error of metadata that is no FlatBuffer.
var errFlat = errors.New("the metadata of a message is damaged")

// The positions of fields in the tables of Arrow's Message.fbs and Schema.fbs.
const (
	messageHeaderType, messageHeader, messageBody = 1, 2, 3
	schemaFields, schemaMetadata, schemaFeatures  = 1, 2, 3
	fieldChildren, fieldMetadata                  = 5, 6
	headerSchema, headerDictionary, headerRecord  = 1, 2, 3
)

// maxDepth is how deep metadata and types may nest.
const maxDepth = 64

// maxFields is the most fields of a schema, nested ones counted. It also bounds the visits of one that
// refers to the same fields again and again.
const maxFields = 10_000

// checkMessage checks the outline of a message: its header's type, and for a schema that every vector lies
// within the message, because the decoder allocates by their lengths. It returns the length of the body.
func checkMessage(meta []byte) (body int64, err error) {
	f := flat{b: meta}
	root := f.u32(0)
	header := f.field(root, messageHeaderType)
	if header == 0 {
		return 0, errFlat
	}
	if at := f.field(root, messageBody); at != 0 {
		body = int64(f.u64(at))
	}
	table := f.table(root, messageHeader)
	switch f.u8(header) {
	case headerSchema:
		f.strings(table, schemaMetadata)
		f.vector(table, schemaFeatures, 8)
		f.fields(table, schemaFields, 0)
	case headerDictionary, headerRecord:
	default:
		return 0, errors.New("the stream holds a message that is neither schema, dictionary nor record batch")
	}
	if f.bad || table == 0 {
		return 0, errFlat
	}
	return body, nil
}

// flat reads a FlatBuffer with every offset checked. Position 0 is none; after a bad offset all reads are 0.
type flat struct {
	b    []byte
	bad  bool
	seen int
}

func (f *flat) at(pos, n uint32) []byte {
	if f.bad || uint64(pos)+uint64(n) > uint64(len(f.b)) {
		f.bad = true
		return make([]byte, 8)
	}
	return f.b[pos:]
}

func (f *flat) u8(pos uint32) byte    { return f.at(pos, 1)[0] }
func (f *flat) u16(pos uint32) uint16 { return binary.LittleEndian.Uint16(f.at(pos, 2)) }
func (f *flat) u32(pos uint32) uint32 { return binary.LittleEndian.Uint32(f.at(pos, 4)) }
func (f *flat) u64(pos uint32) uint64 { return binary.LittleEndian.Uint64(f.at(pos, 8)) }

// field returns the position of a table's field, 0 if it is absent.
func (f *flat) field(table uint32, i uint32) uint32 {
	vtable := table - f.u32(table) // a signed offset; wrapping is what it means
	size := f.u16(vtable)
	if f.bad || uint32(size) <= 4+2*i { // as the decoder has it: of an odd size it reads half beyond the end
		return 0
	}
	off := f.u16(vtable + 4 + 2*i)
	if off == 0 {
		return 0
	}
	return table + uint32(off)
}

// table returns the position of the table, vector or string that a field refers to.
func (f *flat) table(table, i uint32) uint32 {
	pos := f.field(table, i)
	if pos == 0 {
		return 0
	}
	to := pos + f.u32(pos)
	if to < pos {
		f.bad = true
	}
	return to
}

// vector returns the position of the first element and the number of elements of so many bytes.
func (f *flat) vector(table, i, width uint32) (pos, n uint32) {
	v := f.table(table, i)
	if v == 0 || f.bad {
		return 0, 0
	}
	n = f.u32(v)
	if uint64(n)*uint64(width) > uint64(len(f.b)) {
		f.bad = true
		return 0, 0
	}
	f.at(v+4, n*width)
	return v + 4, n
}

// strings checks a vector of key-value pairs.
func (f *flat) strings(table, i uint32) {
	pos, n := f.vector(table, i, 4)
	f.seen += int(n)
	if f.seen > maxFields {
		f.bad = true
	}
	for ; n > 0 && !f.bad; n, pos = n-1, pos+4 {
		pair := pos + f.u32(pos)
		f.vector(pair, 0, 1)
		f.vector(pair, 1, 1)
	}
}

// fields checks a vector of fields and their children.
func (f *flat) fields(table, i uint32, depth int) {
	pos, n := f.vector(table, i, 4)
	f.seen += int(n)
	if f.seen > maxFields || depth > maxDepth {
		f.bad = true
	}
	for ; n > 0 && !f.bad; n, pos = n-1, pos+4 {
		field := pos + f.u32(pos)
		f.vector(field, 0, 1) // the name
		f.strings(field, fieldMetadata)
		f.fields(field, fieldChildren, depth+1)
	}
}
