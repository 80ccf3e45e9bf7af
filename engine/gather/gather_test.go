package gather

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/storage/column"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// shape is a way to fill a chunk, so that each encoding and width is met.
type shape struct {
	name string
	kind schema.Kind
	cell func(rng *rand.Rand, c *column.Chunk, i int)
}

func spread(bits int) func(rng *rand.Rand, c *column.Chunk, i int) {
	return func(rng *rand.Rand, c *column.Chunk, i int) { c.SetInt(i, int64(rng.Uint64()>>(64-bits))-5) }
}

var shapes = []shape{
	{"u8", schema.KindInt, spread(7)},
	{"u16", schema.KindInt, spread(13)},
	{"u32", schema.KindInt, spread(30)},
	{"u64", schema.KindInt, spread(63)},
	{"const", schema.KindInt, func(_ *rand.Rand, c *column.Chunk, i int) { c.SetInt(i, 42) }},
	{"decimal", schema.KindDecimal, spread(20)},
	{"date", schema.KindDate, spread(14)},
	{"seconds", schema.KindTimestamp, func(rng *rand.Rand, c *column.Chunk, i int) { c.SetInt(i, rng.Int64N(4e9)*1000) }},
	{"milliseconds", schema.KindTimestamp, func(rng *rand.Rand, c *column.Chunk, i int) { c.SetInt(i, rng.Int64N(4e12)) }},
	{"key", schema.KindKey, spread(63)},
	{"bool", schema.KindBool, func(rng *rand.Rand, c *column.Chunk, i int) { c.SetInt(i, rng.Int64N(2)) }},
	{"float", schema.KindFloat, func(rng *rand.Rand, c *column.Chunk, i int) { c.SetFloat(i, rng.NormFloat64()) }},
	{"same float", schema.KindFloat, func(_ *rand.Rand, c *column.Chunk, i int) { c.SetFloat(i, 1.5) }},
	{"codes", schema.KindText, func(rng *rand.Rand, c *column.Chunk, i int) { c.SetText(i, fmt.Append(nil, "code", rng.IntN(300))) }},
	{"few codes", schema.KindText, func(rng *rand.Rand, c *column.Chunk, i int) { c.SetText(i, fmt.Append(nil, "few", rng.IntN(20))) }},
	{"one text", schema.KindText, func(_ *rand.Rand, c *column.Chunk, i int) { c.SetText(i, []byte("same")) }},
	{"plain", schema.KindText, func(_ *rand.Rand, c *column.Chunk, i int) { c.SetText(i, fmt.Append(nil, "text ", i)) }},
	{"set", schema.KindSet, func(rng *rand.Rand, c *column.Chunk, i int) {
		var codes []uint32
		for code := range uint32(6) {
			if rng.IntN(3) == 0 {
				codes = append(codes, code)
			}
		}
		c.SetCodes(i, codes)
	}},
	{"nulls", schema.KindInt, func(_ *rand.Rand, c *column.Chunk, i int) { c.SetNull(i) }},
}

func arrowType(k schema.Kind) arrow.DataType {
	return map[schema.Kind]arrow.DataType{
		schema.KindInt: arrow.PrimitiveTypes.Int64, schema.KindDecimal: &arrow.Decimal128Type{Precision: 38, Scale: 2},
		schema.KindDate: arrow.FixedWidthTypes.Date32, schema.KindTimestamp: &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"},
		schema.KindKey: arrow.PrimitiveTypes.Uint64, schema.KindBool: arrow.FixedWidthTypes.Boolean, schema.KindFloat: arrow.PrimitiveTypes.Float64,
		schema.KindText: arrow.BinaryTypes.String, schema.KindSet: arrow.ListOfNonNullable(arrow.BinaryTypes.String),
	}[k]
}

// fill makes a chunk of n rows, with nulls in it or not.
func (s shape) fill(rng *rand.Rand, a *slab.Arena, n int, nulls bool) *column.Chunk {
	typ := schema.Type{Kind: s.kind}
	if s.kind == schema.KindDecimal {
		typ.Scale = 2
	}
	var dict *column.Dict
	if s.kind == schema.KindText || s.kind == schema.KindSet {
		dict = column.NewDict(a)
		for i := range 6 {
			dict.Add(fmt.Append(nil, "e", 9-i)) // codes do not ascend as the texts do
		}
	}
	c := column.New(a, typ, dict)
	if s.name == "plain" {
		c = column.NewPlain(a)
	}
	for i := range n {
		if nulls && rng.IntN(4) == 0 {
			c.SetNull(i)
		} else {
			s.cell(rng, c, i)
		}
	}
	return c
}

// slow returns the text of a stored cell by the chunk's own methods.
func slow(c *column.Chunk, i int) string {
	if c == nil || c.Null(i) {
		return "null"
	}
	switch c.Type().Kind {
	case schema.KindFloat:
		return fmt.Sprint(c.Float(i))
	case schema.KindText:
		return string(c.Text(i))
	case schema.KindSet:
		var set []string
		for j := range c.SetLen(i) {
			set = append(set, c.Dict().Text(c.SetCode(i, j)))
		}
		slices.Sort(set)
		return fmt.Sprint(set)
	}
	return strconv.FormatInt(c.Int(i), 10)
}

// shown returns the text of a cell of an answer.
func shown(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "null"
	}
	switch a := a.(type) {
	case *array.Int64:
		return fmt.Sprint(a.Value(i))
	case *array.Uint64:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.Decimal128:
		return a.Value(i).BigInt().String()
	case *array.Date32:
		return fmt.Sprint(int32(a.Value(i)))
	case *array.Timestamp:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.Boolean:
		if a.Value(i) {
			return "1"
		}
		return "0"
	case *array.Float64:
		return fmt.Sprint(a.Value(i))
	case *array.String:
		return a.Value(i)
	case *array.List:
		from, to := a.ValueOffsets(i)
		var set []string
		for j := from; j < to; j++ {
			set = append(set, a.ListValues().(*array.String).Value(int(j)))
		}
		return fmt.Sprint(set)
	}
	panic(a.DataType())
}

// chosen returns all rows, or some, ascending.
func chosen(rng *rand.Rand, n int) []uint32 {
	some := rng.IntN(3)
	rows := []uint32{}
	for i := range n {
		if some == 0 || rng.IntN(3) < some {
			rows = append(rows, uint32(i))
		}
	}
	return rows
}

func oneColumn(t arrow.DataType) *arrow.Schema {
	return arrow.NewSchema([]arrow.Field{{Name: "x", Type: t, Nullable: true}}, nil)
}

// TestColumns holds every encoding, with nulls and without, in strides of all lengths, against the chunk's
// own methods; chunks with and without nulls follow each other in one batch.
func TestColumns(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	alloc := slab.New()
	arena := slab.NewArena(alloc)
	for _, s := range shapes {
		b := New(oneColumn(arrowType(s.kind)), 1<<20, 1<<30)
		var want []string
		for _, n := range []int{0, 1, 63, 64, 65, 700, 1024, 1025, 5000} {
			c := s.fill(rng, arena, n, rng.IntN(2) == 0)
			if rng.IntN(8) == 0 {
				c = nil
			}
			rows := chosen(rng, n)
			for len(rows) > 0 {
				k := min(len(rows), 1+rng.IntN(Stride))
				if took := b.End(b.Column(0, c, rows[:k]), nil); took != k {
					t.Fatalf("%s: %d of %d rows taken", s.name, took, k)
				}
				for _, row := range rows[:k] {
					want = append(want, slow(c, int(row)))
				}
				rows = rows[k:]
			}
			if rng.IntN(4) == 0 {
				check(t, s.name, b.Take(), want)
				want = nil
			}
		}
		check(t, s.name, b.View(), want)
	}
}

func check(t *testing.T, name string, rec arrow.Record, want []string) {
	t.Helper()
	if int(rec.NumRows()) != len(want) {
		t.Fatalf("%s: %d rows, want %d", name, rec.NumRows(), len(want))
	}
	nulls := 0
	for i, w := range want {
		if got := shown(rec.Column(0), i); got != w {
			t.Fatalf("%s row %d: %s, want %s", name, i, got, w)
		}
		if w == "null" {
			nulls++
		}
	}
	if got := rec.Column(0).NullN(); got != nulls {
		t.Fatalf("%s: %d nulls, want %d", name, got, nulls)
	}
}

// TestFull cuts strides where the batch is full: by rows, by the bytes of texts and by those of builders.
func TestFull(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	alloc := slab.New()
	for _, s := range shapes {
		c := s.fill(rng, slab.NewArena(alloc), 3000, true)
		b := New(oneColumn(arrowType(s.kind)), 777, 1000)
		rows := chosen(rand.New(rand.NewPCG(2, 2)), 3000)
		var want []string
		for len(rows) > 0 {
			stride := rows[:min(len(rows), Stride)]
			kept := b.End(b.Column(0, c, stride), make([]int, len(stride)))
			for _, row := range stride[:kept] {
				want = append(want, slow(c, int(row)))
			}
			if rows = rows[kept:]; kept < len(stride) {
				rec := b.View()
				if rec.NumRows() > 777 || rec.NumRows() == 0 || rec.NumRows() > 1 && b.bytes(b.rows) > 1000 {
					t.Fatalf("%s: %d rows of %d bytes", s.name, rec.NumRows(), b.bytes(b.rows))
				}
				check(t, s.name, rec, want)
				want = nil
				b.Reset()
			}
		}
		check(t, s.name, b.View(), want)
	}
	b := New(oneColumn(arrow.PrimitiveTypes.Int64), 100, 1000)
	sizes := slices.Repeat([]int{400}, 10)
	if kept := b.End(10, sizes); kept != 2 {
		t.Errorf("%d rows of 409 bytes fit into 1,000", kept)
	}
	if kept := b.End(1, []int{400}); kept != 0 {
		t.Errorf("a full batch takes %d rows", kept)
	}
	b.Reset()
	if kept := b.End(1, []int{4000}); kept != 1 {
		t.Errorf("an empty batch takes %d large rows", kept)
	}
}

// TestOwnMemory changes the columns after the copy.
func TestOwnMemory(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	alloc := slab.New()
	for _, s := range shapes {
		c := s.fill(rng, slab.NewArena(alloc), 500, false)
		rows := chosen(rand.New(rand.NewPCG(2, 2)), 500)
		var want []string
		for _, row := range rows {
			want = append(want, slow(c, int(row)))
		}
		b := New(oneColumn(arrowType(s.kind)), 1<<16, 1<<20)
		b.End(b.Column(0, c, rows), nil)
		rec := b.Take()
		b.End(b.Column(0, s.fill(rng, slab.NewArena(alloc), 500, true), rows), nil) // the batch goes on in other memory
		c.Free()
		s.fill(rng, slab.NewArena(alloc), 500, true)
		check(t, s.name, rec, want)
	}
}

// TestIDs prints ids in any order of rows.
func TestIDs(t *testing.T) {
	alloc := slab.New()
	numbers := column.New(slab.NewArena(alloc), schema.Type{Kind: schema.KindInt}, nil)
	texts := column.NewPlain(slab.NewArena(alloc))
	for i := range 100 {
		numbers.AppendInt(int64(i) * 7_000_000_000)
		texts.AppendText(bytes.Repeat([]byte("é"), i))
	}
	rows := []uint32{5, 5, 0, 99, 3, 1, 4, 2, 0}
	for _, c := range []*column.Chunk{numbers, texts} {
		b := New(oneColumn(arrow.BinaryTypes.String), 1<<16, 1<<20)
		var want []string
		for _, row := range rows {
			want = append(want, slow(c, int(row)))
		}
		b.End(b.IDs(0, c, rows), nil)
		check(t, "ids", b.View(), want)
	}
}

func TestTimes(t *testing.T) {
	b := New(oneColumn(arrowType(schema.KindTimestamp)), 1<<16, 1<<20)
	b.Times(0, []int64{1, 2, 3})
	b.End(3, nil)
	check(t, "times", b.View(), []string{"1", "2", "3"})
}

func BenchmarkGather(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	alloc := slab.New()
	for _, s := range shapes {
		c := s.fill(rng, slab.NewArena(alloc), 1<<14, true)
		rows := make([]uint32, 0, Stride)
		for i := range Stride {
			rows = append(rows, uint32(8*i))
		}
		batch := New(oneColumn(arrowType(s.kind)), 1<<16, 1<<30)
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				batch.Reset()
				batch.End(batch.Column(0, c, rows), nil)
			}
			b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N)/Stride, "ns/cell")
		})
	}
}
