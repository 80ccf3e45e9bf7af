package change

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/musterdb/muster/storage/schema"
)

// describe returns each row of a change as one line, so that changes can be compared whatever their
// dictionaries look like.
func describe(ch *Change) []string {
	var out []string
	for _, p := range ch.Parts {
		switch p := p.(type) {
		case *Upsert:
			for r := range p.IDs.Len() {
				out = append(out, fmt.Sprintf("upsert %s%s", p.IDs.At(r), cells(p.Cols, r)))
			}
		case *Track:
			for r := range p.Rows() {
				out = append(out, fmt.Sprintf("track %s %d %d%s", p.Contact(r), p.Times[r], p.EventIDs[r], cells(p.Props, r)))
			}
		case *Delete:
			for r := range p.IDs.Len() {
				out = append(out, fmt.Sprintf("delete %s", p.IDs.At(r)))
			}
		}
	}
	return out
}

func cells(cols []Column, r int) string {
	text := ""
	for i := range cols {
		c := &cols[i]
		text += fmt.Sprintf(" %d:%d", c.ID, c.Op(r))
		switch c.Type.Kind {
		case schema.KindText:
			text += fmt.Sprintf("%q", c.Text(r))
		case schema.KindSet:
			for j := range c.SetLen(r) {
				text += fmt.Sprintf("%q,", c.SetElem(r, j))
			}
		case schema.KindFloat:
			text += fmt.Sprint(c.Floats[r])
		default:
			text += fmt.Sprint(c.Ints[r])
		}
	}
	return text
}

// randomChange makes a change with every kind of column, with and without dictionaries.
func randomChange(r *rand.Rand, rows int) *Change {
	up := &Upsert{Stamp: 7}
	ints := Column{ID: 16, Type: schema.Type{Kind: schema.KindInt}, Ops: make([]Op, rows), Ints: make([]int64, rows)}
	texts := Column{ID: 17, Type: schema.Type{Kind: schema.KindText}}
	coded := Column{ID: 18, Type: schema.Type{Kind: schema.KindText}, Codes: make([]uint32, rows)}
	sets := Column{ID: 19, Type: schema.Type{Kind: schema.KindSet}, SetOff: []uint32{0}}
	for k := range 5 {
		coded.Texts.AppendString(fmt.Sprint("code", k))
		sets.Texts.AppendString(fmt.Sprint("tag", k))
	}
	track := &Track{Stamp: 7, Event: 1, Codes: make([]uint32, rows), Times: make([]int64, rows), EventIDs: make([]uint64, rows)}
	for i := range rows {
		up.IDs.AppendString(fmt.Sprint("c", r.IntN(50)))
		ints.Ops[i], ints.Ints[i] = Op(r.IntN(4)), r.Int64()
		texts.Texts.AppendString(fmt.Sprint("t", i))
		coded.Codes[i] = uint32(r.IntN(5))
		for range r.IntN(3) {
			sets.Codes = append(sets.Codes, uint32(r.IntN(5)))
		}
		sets.SetOff = append(sets.SetOff, uint32(len(sets.Codes)))
		track.IDs.AppendString(fmt.Sprint("c", i))
		track.Codes[i], track.Times[i], track.EventIDs[i] = uint32(r.IntN(i+1)), r.Int64N(1e12), r.Uint64()
	}
	up.Cols = []Column{ints, texts, coded, sets}
	track.Props = []Column{coded}
	return &Change{Parts: []Part{up, track, &Delete{IDs: up.IDs}}}
}

// TestSplitKeepsEveryRowInOrder: what the shards get together is the change, each row once, in order.
func TestSplitKeepsEveryRowInOrder(t *testing.T) {
	for _, rows := range []int{0, 1, 2, 63, 64, 65, 1000} {
		r := rand.New(rand.NewPCG(1, uint64(rows)))
		ch := randomChange(r, rows)
		shard := func(id []byte) int { return int(id[len(id)-1]) % 4 }
		want := map[int][]string{}
		for _, line := range describe(ch) {
			var kind, id string
			_, _ = fmt.Sscan(line, &kind, &id)
			s := shard([]byte(id))
			want[s] = append(want[s], line)
		}
		for s, part := range Split(ch, 4, shard) {
			var got []string
			if part != nil {
				got = describe(part)
			}
			if fmt.Sprint(got) != fmt.Sprint(want[s]) {
				t.Fatalf("%d rows, shard %d:\n got %v\nwant %v", rows, s, got, want[s])
			}
		}
	}
}

func TestCutKeepsEveryRowInOrder(t *testing.T) {
	ch := &Change{Parts: randomChange(rand.New(rand.NewPCG(2, 2)), 101).Parts[:1]}
	for _, n := range []int{1, 2, 3, 8, 200} {
		var got []string
		for _, piece := range Cut(ch, n) {
			got = append(got, describe(piece)...)
		}
		if fmt.Sprint(got) != fmt.Sprint(describe(ch)) {
			t.Fatalf("%d pieces do not make the change again", n)
		}
	}
}
