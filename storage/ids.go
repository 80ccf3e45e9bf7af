package storage

import (
	"strconv"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// IDs is the contact ids of a chunk: integers in their narrowest width while all are canonical decimal
// integers (digits only, no leading zero, at most 2^63-1), else texts. A row without a contact is null.
type IDs struct {
	values *column.Chunk // of KindInt, or plain KindText
}

func newIDs(a *slab.Arena) *IDs {
	return &IDs{column.New(a, schema.Type{Kind: schema.KindInt}, nil)}
}

// Chunk returns the ids as a column of INT, or of plain TEXT.
func (d *IDs) Chunk() *column.Chunk { return d.values }

// ID returns a copy of the id in row i of the chunk, or nil if it holds no contact.
func (d *IDs) ID(i int) []byte { return d.Append(nil, i) }

// Append appends the id in row i of the chunk to dst; nothing if it holds no contact.
func (d *IDs) Append(dst []byte, i int) []byte {
	switch {
	case i >= d.values.Len() || d.values.Null(i):
		return dst
	case d.numeric():
		return strconv.AppendInt(dst, d.values.Int(i), 10)
	}
	return append(dst, d.values.Text(i)...)
}

func (d *IDs) numeric() bool { return d.values.Type().Kind == schema.KindInt }

func (d *IDs) equal(i int, k key) bool {
	if i >= d.values.Len() || d.values.Null(i) {
		return false
	}
	if d.numeric() {
		return k.isNum && d.values.Int(i) == k.num
	}
	return string(d.values.Text(i)) == string(k.id)
}

// hash returns the hash of the id in row i, which holds a contact.
func (d *IDs) hash(i int) uint64 {
	if !d.numeric() {
		return xxh3.Hash(d.values.Text(i))
	}
	var buf [20]byte
	return xxh3.Hash(strconv.AppendInt(buf[:0], d.values.Int(i), 10))
}

// writable returns ids that may be changed: d, or a copy if a pin can see d.
func (d *IDs) writable() *IDs {
	if w := d.values.Writable(); w != d.values {
		return &IDs{w}
	}
	return d
}

// set stores an id. The ids become texts if it is not a canonical integer; d must be writable and no pin
// may see it.
func (d *IDs) set(a *slab.Arena, i int, k key) {
	if d.numeric() {
		if k.isNum {
			d.values.SetInt(i, k.num)
			return
		}
		d.toTexts(a)
	}
	d.values.SetText(i, k.id)
}

func (d *IDs) toTexts(a *slab.Arena) {
	texts := column.NewPlain(a)
	var buf [20]byte
	for i := range d.values.Len() {
		if d.values.Null(i) {
			texts.AppendNull()
		} else {
			texts.AppendText(strconv.AppendInt(buf[:0], d.values.Int(i), 10))
		}
	}
	d.values.Free()
	d.values = texts
}

// key is an id prepared for looking up.
type key struct {
	id    []byte
	hash  uint64
	num   int64
	isNum bool
}

func keyOf(id []byte) key {
	k := key{id: id, hash: xxh3.Hash(id)}
	k.num, k.isNum = canonical(id)
	return k
}

// canonical reads an id that is an integer in its only spelling.
func canonical(id []byte) (int64, bool) {
	if len(id) == 0 || len(id) > 19 || id[0] == '0' && len(id) > 1 {
		return 0, false
	}
	var v uint64 // 19 digits fit
	for _, c := range id {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return int64(v), v < 1<<63
}
