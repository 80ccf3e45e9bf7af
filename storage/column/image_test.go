package column

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/section"
	"github.com/musterdb/muster/storage/slab"
)

// TestTimestampExtremes: seconds and milliseconds at both ends of int64.
func TestTimestampExtremes(t *testing.T) {
	for _, values := range [][]int64{
		{math.MinInt64, math.MinInt64 + 1},
		{math.MinInt64 + 1500, math.MinInt64},
		{math.MaxInt64 - 1, math.MaxInt64},
		{math.MinInt64, math.MaxInt64, 0},
		{-1, 0, 1, 999, 1000, -1000, -1001},
		{0, math.MaxUint32 * 1000, math.MaxUint32*1000 + 999},
		{0, (math.MaxUint32 + 1) * 1000},
	} {
		f := newFixture(schema.Type{Kind: schema.KindTimestamp})
		for i, v := range values {
			f.put(i, cell{ok: true, i: v})
			if err := check(f.c, f.model); err != nil {
				t.Errorf("%v: %v", values, err)
			}
		}
		f.checkImage(t, 0)
	}
}

func FuzzReadChunk(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for k, typ := range kinds {
		x := newFixture(typ)
		for i := range 100 {
			x.put(i, gen(r, typ, x.dict, 7))
		}
		var e section.Encoder
		x.dict.AppendImage(&e, x.dict.Mark())
		x.c.AppendImage(&e)
		f.Add(byte(k), e.B)
	}
	f.Fuzz(func(t *testing.T, k byte, b []byte) {
		a := slab.NewArena(slab.New())
		d := section.NewDecoder(b)
		dict := ReadDict(d, a)
		if dict == nil {
			return
		}
		c := ReadChunk(d, a, kinds[int(k)%len(kinds)], dict, 100)
		if (c == nil) != (d.Err() != nil) {
			t.Fatal("neither a chunk nor an error")
		}
		if c != nil {
			use(c)
			c.Free()
		}
		dict.Free()
		if total, _ := a.Used(); total != 0 {
			t.Fatalf("%d bytes leak", total)
		}
	})
}

// use reads and writes everything, to see that nothing panics.
func use(c *Chunk) {
	cl := c.Clone()
	for i := range c.Len() {
		switch {
		case c.Null(i):
		case c.Type().Kind == schema.KindText:
			c.Text(i)
		case c.Type().Kind == schema.KindSet:
			c.AppendSet(nil, i)
		default:
			c.Int(i)
			c.Float(i)
		}
		cl.AppendFrom(c, i)
		cl.SetNull(i)
	}
	cl.Free()
}
