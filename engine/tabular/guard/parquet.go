package guard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrParquet is the error of Parquet metadata that is no Thrift.
var ErrParquet = errors.New("the Parquet metadata is damaged")

// The types of Thrift's compact protocol.
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// thrift passes over Thrift's compact protocol and checks that every length lies within the bytes, because
// the generated reader allocates lists by the length that it reads.
type thrift struct {
	b   []byte
	at  int
	bad bool
}

func (t *thrift) fail() uint64 { t.bad = true; return 0 }

func (t *thrift) byte() byte {
	if t.at >= len(t.b) {
		return byte(t.fail())
	}
	t.at++
	return t.b[t.at-1]
}

func (t *thrift) varint() uint64 {
	v, n := binary.Uvarint(t.b[min(t.at, len(t.b)):])
	if n <= 0 {
		return t.fail()
	}
	t.at += n
	return v
}

func (t *thrift) skip(n uint64) {
	if n > uint64(len(t.b)-t.at) {
		t.fail()
		return
	}
	t.at += int(n)
}

// structure passes over a struct and hands its integers to each, those of a struct within it as 100 · the
// id of that + their own.
func (t *thrift) structure(depth int, each func(id int, v int64)) {
	if depth > maxDepth {
		t.fail()
	}
	for id := 0; !t.bad; {
		head := t.byte()
		if head == 0 || t.bad {
			return
		}
		if delta := int(head >> 4); delta != 0 {
			id += delta
		} else {
			id = int(zigzag(t.varint()))
		}
		kind := head & 15
		if each != nil && kind >= thriftI16 && kind <= thriftI64 {
			each(id, zigzag(t.varint()))
			continue
		}
		if each != nil && kind == thriftStruct {
			t.structure(depth+1, func(sub int, v int64) { each(100*id+sub, v) })
			continue
		}
		if kind != thriftTrue && kind != thriftFalse { // a field of BOOL has its value in its type
			t.value(kind, depth)
		}
	}
}

func zigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// value passes over a value; a BOOL in a list takes a byte.
func (t *thrift) value(kind byte, depth int) {
	switch kind {
	case thriftTrue, thriftFalse, thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.varint()
	case thriftDouble:
		t.skip(8)
	case thriftBinary:
		t.skip(t.varint())
	case thriftList, thriftSet:
		t.list(depth + 1)
	case thriftMap:
		t.pairs(depth + 1)
	case thriftStruct:
		t.structure(depth+1, nil)
	default:
		t.fail()
	}
}

func (t *thrift) list(depth int) {
	head := t.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = t.varint()
	}
	t.elements(n, depth, head&15)
}

func (t *thrift) pairs(depth int) {
	n := t.varint()
	if n == 0 {
		return
	}
	kinds := t.byte()
	t.elements(n, depth, kinds>>4, kinds&15)
}

// elements passes over n elements; each takes a byte at least, so a length that lies runs out of bytes.
func (t *thrift) elements(n uint64, depth int, kinds ...byte) {
	if depth > maxDepth {
		t.fail()
	}
	for ; n > 0 && !t.bad; n-- {
		for _, k := range kinds {
			t.value(k, depth)
		}
	}
}

// MagicParquet begins and ends a Parquet file.
const MagicParquet = "PAR1"

// CheckFooter checks the metadata at the end of a Parquet file of so many bytes.
func CheckFooter(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < 12 {
		return errors.New("the file is too short for Parquet")
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	if string(tail[4:]) != MagicParquet {
		return errors.New("the file does not end as Parquet does; was it cut off? (encrypted files cannot be read)")
	}
	n := int64(binary.LittleEndian.Uint32(tail[:4]))
	if n > size-12 || n > maxFooter {
		return fmt.Errorf("the Parquet footer claims %d bytes; the file has %d and the most is %d", n, size, maxFooter)
	}
	footer := make([]byte, n)
	if _, err := r.ReadAt(footer, size-8-n); err != nil {
		return err
	}
	t := &thrift{b: footer}
	if t.structure(0, nil); t.bad {
		return ErrParquet
	}
	return nil
}

// maxFooter is the longest Parquet footer: 4,096 columns in 1,000 row groups.
const maxFooter = 256 << 20

// maxPageHeader is the longest header of a page; it holds statistics.
const maxPageHeader = 1 << 20

// CheckPages checks the page headers of a column chunk: the reader allocates by the sizes that they claim.
func CheckPages(r io.ReaderAt, start, length, limit int64) error {
	for start, end := start, start+length; start < end; {
		p, err := readPageHeader(r, start, end)
		if err != nil {
			return err
		}
		if p.compressed < 0 || p.uncompressed < 0 || p.compressed > end-start-p.header {
			return errors.New("a page does not lie within its column")
		}
		if p.uncompressed > limit {
			return ErrMemory
		}
		// A value of a dictionary takes a byte at least.
		if p.dictionary < 0 || p.dictionary > p.uncompressed {
			return errors.New("a dictionary claims more values than it has bytes")
		}
		start += p.header + p.compressed
	}
	return nil
}

// pageHeader is what a page's header claims.
type pageHeader struct {
	header                   int64 // its own length
	compressed, uncompressed int64 // bytes
	dictionary               int64 // values, of a dictionary page
}

// field takes a field of the header (parquet.thrift, PageHeader).
func (p *pageHeader) field(id int, v int64) {
	switch id {
	case 2:
		p.uncompressed = v
	case 3:
		p.compressed = v
	case 701:
		p.dictionary = v
	}
}

// readPageHeader reads the header at start.
func readPageHeader(r io.ReaderAt, start, end int64) (p pageHeader, err error) {
	most := min(end-start, maxPageHeader)
	for size := int64(256); ; size *= 16 {
		buf := make([]byte, min(size, most))
		if _, err := r.ReadAt(buf, start); err != nil {
			return p, err
		}
		t := &thrift{b: buf}
		if t.structure(0, p.field); !t.bad {
			p.header = int64(t.at)
			return p, nil
		}
		if size >= most {
			return p, ErrParquet
		}
	}
}
