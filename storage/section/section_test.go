package section

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/musterdb/muster/storage/slab"
)

func sample(t *testing.T) []byte {
	var out bytes.Buffer
	w := NewWriter(&out)
	var e Encoder
	e.Byte(7)
	e.Bool(true)
	e.Uint(300)
	e.Int(-5)
	e.Fixed64(1 << 60)
	e.Bytes([]byte("text"))
	Array(&e, []uint32{1, 2, 3})
	if err := errors.Join(w.Section(1, e.B), w.Section(2, nil)); err != nil {
		t.Fatal(err)
	}
	if w.Offset() != int64(out.Len()) {
		t.Fatalf("Offset %d of %d", w.Offset(), out.Len())
	}
	return out.Bytes()
}

func read(b []byte) error {
	r := NewReader(bytes.NewReader(b))
	d, err := r.Next(1)
	if err != nil {
		return err
	}
	a := slab.NewArena(slab.New())
	ok := d.Byte() == 7 && d.Bool() && d.Uint() == 300 && d.Int() == -5 && d.Fixed64() == 1<<60 && string(d.Bytes(9)) == "text"
	v := Slice[uint32](d, a, 3)
	if err := d.End(); err != nil {
		return err
	}
	if !ok || len(v) != 3 || v[2] != 3 {
		return errors.New("wrong values")
	}
	_, err = r.Next(2)
	return err
}

func TestRoundTrip(t *testing.T) {
	if err := read(sample(t)); err != nil {
		t.Fatal(err)
	}
}

// TestEveryFlippedBit: each bit of a file is covered by a checksum or the framing.
func TestEveryFlippedBit(t *testing.T) {
	b := sample(t)
	for i := range 8 * len(b) {
		c := bytes.Clone(b)
		c[i/8] ^= 1 << (i % 8)
		var e *Error
		if err := read(c); !errors.As(err, &e) {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
	for n := range b {
		if err := read(b[:n]); err == nil {
			t.Fatalf("%d of %d bytes read", n, len(b))
		}
	}
}

func TestErrorsSayWhere(t *testing.T) {
	d := NewDecoder([]byte{1, 0xff, 0xff})
	d.kind, d.at = 9, 1000
	d.Byte()
	d.Uint()
	if err := d.End(); err == nil || !strings.Contains(err.Error(), "section of kind 9, byte 1001") {
		t.Fatal(err)
	}
}

// TestHugeLength: a length is not believed before the bytes are there.
func TestHugeLength(t *testing.T) {
	b := sample(t)[:HeadSize]
	b[8+4] = 0xff // 255 × 4 GiB
	if testing.AllocsPerRun(1, func() { _ = read(b) }) > 100 {
		t.Fatal("too many allocations")
	}
	if err := read(b); err == nil {
		t.Fatal("read")
	}
}
