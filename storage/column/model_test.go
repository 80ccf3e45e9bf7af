package column

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/section"
	"github.com/musterdb/muster/storage/slab"
)

// cell is the model of one value: nothing clever.
type cell struct {
	ok   bool
	i    int64
	f    float64
	text string
	set  []uint32
}

type fixture struct {
	arena *slab.Arena
	dict  *Dict
	typ   schema.Type
	c     *Chunk
	model []cell
}

func newFixture(t schema.Type) *fixture {
	a := slab.NewArena(slab.New())
	f := &fixture{arena: a, dict: NewDict(a), typ: t}
	if t.Kind == schema.KindSet {
		f.c = NewIndexed(a, f.dict)
	} else {
		f.c = New(a, t, f.dict)
	}
	return f
}

func (f *fixture) put(i int, v cell) {
	for len(f.model) <= i {
		f.model = append(f.model, cell{})
	}
	f.model[i] = v
	store(f.c, i, v)
}

func store(c *Chunk, i int, v cell) {
	switch {
	case !v.ok:
		c.SetNull(i)
	case c.Type().Kind == schema.KindFloat:
		c.SetFloat(i, v.f)
	case c.Type().Kind == schema.KindText:
		c.SetText(i, []byte(v.text))
	case c.Type().Kind == schema.KindSet:
		c.SetCodes(i, v.set)
	default:
		c.SetInt(i, v.i)
	}
}

// check compares every row and every summary with the model.
func check(c *Chunk, model []cell) error {
	if c.Len() != len(model) {
		return fmt.Errorf("Len %d, want %d", c.Len(), len(model))
	}
	nulls, hist := 0, map[int64]uint32{}
	lo, hi, zone := c.MinMax()
	flo, fhi, fzone := c.FloatMinMax()
	for i, m := range model {
		if c.Null(i) == m.ok {
			return fmt.Errorf("row %d: null %v", i, c.Null(i))
		}
		if v := c.Valid(); v != nil && v[i>>6]>>(i&63)&1 == 1 != m.ok {
			return fmt.Errorf("row %d: Valid disagrees", i)
		}
		if !m.ok {
			nulls++
			continue
		}
		switch c.Type().Kind {
		case schema.KindFloat:
			if c.Float(i) != m.f || !fzone || m.f < flo || m.f > fhi {
				return fmt.Errorf("row %d: %v, want %v in [%v, %v] %v", i, c.Float(i), m.f, flo, fhi, fzone)
			}
		case schema.KindText:
			if string(c.Text(i)) != m.text {
				return fmt.Errorf("row %d: %q, want %q", i, c.Text(i), m.text)
			}
			if c.Enc() == Plain {
				if c.Fingerprints()[i] != Fingerprint([]byte(m.text)) {
					return fmt.Errorf("row %d: wrong fingerprint", i)
				}
				continue
			}
			code := int64(c.Code(i))
			hist[code]++
			if !zone || code < lo || code > hi {
				return fmt.Errorf("row %d: code %d outside [%d, %d]", i, code, lo, hi)
			}
		case schema.KindSet:
			if got := c.AppendSet(nil, i); !slices.Equal(got, m.set) || c.SetLen(i) != len(m.set) {
				return fmt.Errorf("row %d: set %v, want %v", i, got, m.set)
			}
		default:
			if c.Int(i) != m.i || !zone || m.i < lo || m.i > hi {
				return fmt.Errorf("row %d: %d, want %d in [%d, %d] %v", i, c.Int(i), m.i, lo, hi, zone)
			}
		}
	}
	if c.NullCount() != nulls {
		return fmt.Errorf("NullCount %d, want %d", c.NullCount(), nulls)
	}
	if (c.Valid() == nil) != (nulls == 0) {
		return fmt.Errorf("%d nulls and Valid() == nil is %v", nulls, c.Valid() == nil)
	}
	if v := c.Valid(); v != nil && c.Len()&63 != 0 && v[len(v)-1]>>(c.Len()&63) != 0 {
		return fmt.Errorf("valid bits beyond Len")
	}
	if h := c.Histogram(); h != nil {
		for code, n := range h {
			if hist[int64(code)] != n {
				return fmt.Errorf("histogram[%d] = %d, want %d", code, n, hist[int64(code)])
			}
		}
	}
	return checkPostings(c, model)
}

func checkPostings(c *Chunk, model []cell) error {
	if !c.Indexed() {
		return nil
	}
	want := map[uint32][]uint16{}
	for i, m := range model {
		for _, k := range m.set {
			want[k] = append(want[k], uint16(i))
		}
	}
	if len(c.SetValues()) != len(want) {
		return fmt.Errorf("%d values posted, want %d", len(c.SetValues()), len(want))
	}
	for code, rows := range want {
		words, list := c.SetRows(code)
		var got []uint16
		got = append(got, list...)
		for i := range c.Len() {
			if i>>6 < len(words) && words[i>>6]>>(i&63)&1 == 1 {
				got = append(got, uint16(i))
			}
		}
		if !slices.Equal(got, rows) || c.SetCount(code) != len(rows) {
			return fmt.Errorf("posting of %d: %d rows, want %d", code, len(got), len(rows))
		}
		if words != nil && list != nil || words == nil && len(rows) >= denseRows {
			return fmt.Errorf("posting of %d in the wrong form", code)
		}
	}
	return nil
}

// gen draws values from an archetype that changes over time, so that every change of encoding happens.
func gen(r *rand.Rand, t schema.Type, d *Dict, phase int) cell {
	if r.IntN(8) == 0 {
		return cell{}
	}
	ints := []int64{7, r.Int64N(2), r.Int64N(256), r.Int64N(257) - 1, r.Int64N(65536), -r.Int64N(65537),
		r.Int64N(1 << 32), r.Int64N(1<<32 + 1), r.Int64() - r.Int64(), math.MinInt64, math.MaxInt64}
	v := cell{ok: true, i: ints[min(phase, r.IntN(len(ints)))]}
	switch t.Kind {
	case schema.KindBool:
		v.i &= 1
	case schema.KindTimestamp:
		if phase < 6 {
			v.i = 1_700_000_000_000 + r.Int64N(1<<40)/(1+999*int64(r.IntN(2)))
			if phase < 4 {
				v.i -= v.i % 1000
			}
		}
	case schema.KindFloat:
		v.f = []float64{1.5, r.NormFloat64(), math.Inf(1), -math.MaxFloat64, 0}[min(phase, r.IntN(5))]
	case schema.KindText:
		v.text = fmt.Sprintf("t%d", []int{1, r.IntN(3), r.IntN(300), r.IntN(1 << 20)}[min(phase, r.IntN(4))])
		if r.IntN(500) == 0 {
			v.text = string(make([]byte, 1000+r.IntN(100)))
		}
	case schema.KindSet:
		v.set = genSet(r, d)
	}
	return v
}

func genSet(r *rand.Rand, d *Dict) []uint32 {
	var set []uint32
	for range r.IntN(6) {
		n := []int{3, 40, 70_000}[min(r.IntN(20)/9, 2)]
		set = append(set, d.Add(fmt.Append(nil, r.IntN(n))))
	}
	slices.Sort(set)
	return slices.Compact(set)
}

var kinds = []schema.Type{{Kind: schema.KindBool}, {Kind: schema.KindInt}, {Kind: schema.KindFloat}, {Kind: schema.KindDecimal, Scale: 2},
	{Kind: schema.KindText}, {Kind: schema.KindDate}, {Kind: schema.KindTimestamp}, {Kind: schema.KindSet}, {Kind: schema.KindKey}}

// TestModel writes random values in random places and compares the chunk, its clones, images and what
// pins see with a plain slice.
func TestModel(t *testing.T) {
	seed := rand.Uint64()
	for _, typ := range kinds {
		for _, n := range []int{1, 63, 64, 65, 1025, 17_000} {
			t.Run(fmt.Sprint(typ, n), func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, uint64(n)))
				f := newFixture(typ)
				runModel(t, f, r, n, seed)
				f.c.Free()
				f.dict.Free()
				if total, buried := f.arena.Used(); total != 0 || buried != 0 {
					t.Errorf("seed %d: %d bytes leak", seed, total)
				}
			})
		}
	}
}

func runModel(t *testing.T, f *fixture, r *rand.Rand, n int, seed uint64) {
	must := func(err error) {
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	for phase := range 8 {
		var pin uint64
		var held *Chunk
		var then []cell
		if r.IntN(2) == 0 {
			pin, held, then = f.arena.Pin(), f.c, slices.Clone(f.model)
			f.c = f.c.Writable()
		}
		for range n/4 + 1 {
			i := r.IntN(n)
			if len(f.model) < n && r.IntN(3) > 0 {
				i = len(f.model)
			}
			f.put(i, gen(r, f.typ, f.dict, phase))
		}
		must(check(f.c, f.model))
		if held != nil {
			must(check(held, then))
			f.arena.Release(pin)
		}
		cl := f.c.Clone()
		must(check(cl, f.model))
		cl.Free()
		copied := New(f.arena, f.typ, f.dict)
		for i := range f.model {
			copied.AppendFrom(f.c, i)
		}
		must(check(copied, f.model))
		copied.Free()
		f.checkImage(t, seed)
	}
}

// checkImage writes the chunk and its dictionary, reads both and writes them again.
func (f *fixture) checkImage(t *testing.T, seed uint64) {
	t.Helper()
	var e, again section.Encoder
	f.dict.AppendImage(&e, f.dict.Mark())
	f.c.AppendImage(&e)
	d := section.NewDecoder(e.B)
	dict := ReadDict(d, f.arena)
	c := ReadChunk(d, f.arena, f.typ, dict, f.c.Len())
	if err := d.End(); err != nil {
		t.Fatalf("seed %d: image: %v", seed, err)
	}
	if err := check(c, f.model); err != nil {
		t.Fatalf("seed %d: image: %v", seed, err)
	}
	dict.AppendImage(&again, dict.Mark())
	c.AppendImage(&again)
	if !bytes.Equal(e.B, again.B) {
		t.Fatalf("seed %d: an image of an image differs", seed)
	}
	c.Free()
	dict.Free()
}

func TestEncodings(t *testing.T) {
	i64 := schema.Type{Kind: schema.KindInt}
	for _, c := range []struct {
		values []int64
		enc    Encoding
		width  int
	}{
		{[]int64{5, 5, 5}, Const, 0},
		{[]int64{0, 255}, Narrow, 1},
		{[]int64{0, 256}, Narrow, 2},
		{[]int64{-1, 65534}, Narrow, 2},
		{[]int64{-1, 65535}, Narrow, 4},
		{[]int64{0, math.MaxUint32}, Narrow, 4},
		{[]int64{0, math.MaxUint32 + 1}, Narrow, 8},
		{[]int64{math.MinInt64, math.MaxInt64}, Narrow, 8},
		{[]int64{math.MaxInt64, math.MaxInt64 - 255}, Narrow, 1},
		{[]int64{math.MinInt64, math.MinInt64 + 1}, Narrow, 1},
		{[]int64{math.MinInt64 + 1, math.MinInt64, math.MinInt64 + 9}, Narrow, 1},
	} {
		f := newFixture(i64)
		for i, v := range c.values {
			f.put(i, cell{ok: true, i: v})
		}
		if f.c.Enc() != c.enc || f.c.Width() != c.width {
			t.Errorf("%v: %v of width %d, want %v of %d", c.values, f.c.Enc(), f.c.Width(), c.enc, c.width)
		}
		if err := check(f.c, f.model); err != nil {
			t.Errorf("%v: %v", c.values, err)
		}
	}
}

// TestFallingValues sees to it that values which keep falling below the base do not cost an encoding each.
func TestFallingValues(t *testing.T) {
	f := newFixture(schema.Type{Kind: schema.KindInt})
	encodings, base := 0, int64(0)
	for i := range 60_000 {
		f.c.SetInt(i, int64(-i))
		if f.c.Enc() == Narrow && f.c.Base() != base {
			base = f.c.Base()
			encodings++
		}
	}
	if encodings > 40 {
		t.Fatalf("%d encodings", encodings)
	}
}

// TestFullDictionary: a unique text column goes plain chunk by chunk and does not grow the dictionary
// again; a column of few values stays in codes.
func TestFullDictionary(t *testing.T) {
	f := newFixture(schema.Type{Kind: schema.KindText})
	for i := range 10_000 {
		f.dict.SetRows(i)
		f.c.SetText(i, fmt.Append(nil, "user", i, "@a.example"))
	}
	if f.c.Enc() != Plain || f.dict.Len() != DictMin {
		t.Fatalf("%v with %d dictionary entries", f.c.Enc(), f.dict.Len())
	}
	next := New(f.arena, f.typ, f.dict)
	f.dict.SetRows(1 << 20)
	next.AppendText([]byte("another"))
	if next.Enc() != Plain || f.dict.Len() != DictMin {
		t.Fatalf("a full dictionary took a text: %v, %d", next.Enc(), f.dict.Len())
	}
	few := newFixture(f.typ)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 60_000 {
		few.dict.SetRows(i)
		few.c.SetText(i, fmt.Append(nil, r.IntN(5000)))
	}
	if few.c.Enc() != Codes || few.c.Width() != 2 || few.dict.Len() != 5000 {
		t.Fatalf("few values: %v of %d, %d entries", few.c.Enc(), few.c.Width(), few.dict.Len())
	}
}

func TestSetGarbageIsCompacted(t *testing.T) {
	f := newFixture(schema.Type{Kind: schema.KindSet})
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 200_000 {
		f.put(i%1000, cell{ok: true, set: genSet(r, f.dict)})
	}
	if b := f.c.heap.bytes(); b > 64<<10 {
		t.Fatalf("1,000 small sets take %d bytes", b)
	}
	if err := check(f.c, f.model); err != nil {
		t.Fatal(err)
	}
}

func TestArray(t *testing.T) {
	f := newFixture(schema.Type{Kind: schema.KindInt})
	for i := range 100 {
		f.c.SetInt(i, int64(1000+i))
	}
	f.c.SetNull(3)
	a, err := f.c.Array()
	if err != nil || a.Len() != 100 || a.NullN() != 1 || !a.IsNull(3) || a.ValueStr(9) != "9" {
		t.Fatalf("%v %v", a, err)
	}
}

func BenchmarkSetInt(b *testing.B) {
	f := newFixture(schema.Type{Kind: schema.KindInt})
	i := 0
	for b.Loop() {
		f.c.SetInt(i&0xffff, int64(i%50_000))
		i++
	}
}
