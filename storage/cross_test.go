package storage

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestImageCrossChecks writes shards whose parts contradict each other: every contradiction is found.
func TestImageCrossChecks(t *testing.T) {
	for want, spoil := range map[string]func(s *Shard){
		"is alive or listed twice": func(s *Shard) { s.free = append(s.free, 0) },
		"dead, but":                func(s *Shard) { s.dead = nil },
		"has no created_at":        func(s *Shard) { s.column(schema.AttrCreatedAt, schema.Type{}, nil).chunks[0].SetNull(0) },
		"which holds no contact":   func(s *Shard) { s.free, s.dead = s.dead, nil },
		"row 9 of 3":               func(s *Shard) { s.dead = append(s.dead, 9) },
		"live bit and id disagree": func(s *Shard) { s.live[0].words[0] |= 1 << 2 },
		"has a value":              func(s *Shard) { s.column(attrOf(schema.KindInt).ID, schema.Type{}, nil).chunks[0].SetInt(2, 7) },
		"occurs twice":             func(s *Shard) { s.ids[0].values.SetInt(1, 1) },
		"a negative id":            func(s *Shard) { s.ids[0].values.SetInt(1, -5) },
		"is not in the schema":     func(s *Shard) { s.cols[len(s.cols)-1].id = 9999 },
		"a column of 2 rows in a chunk": func(s *Shard) {
			c := s.column(attrOf(schema.KindInt).ID, schema.Type{}, nil)
			short := c.chunks[0].Clone()
			short.Free()
			short.AppendInt(1)
			short.AppendInt(2)
			c.chunks[0] = short
		},
	} {
		s := New(slab.New(), testSchema())
		mustApply(t, s, &change.Upsert{IDs: idsOf("1", "2", "3"), Cols: []change.Column{intColumn(1, 2, 3)}},
			&change.Track{Event: 1, IDs: idsOf("3"), Times: []int64{5}})
		mustApply(t, s, &change.Delete{IDs: idsOf("3")})
		spoil(s)
		var b bytes.Buffer
		if err := WriteImage(&s.View, &b); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadImage(slab.New(), &b); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestLevel: a column that begins in an older chunk is at once as long as that chunk, and every column as
// long as the last one.
func TestLevel(t *testing.T) {
	s := New(slab.New(), testSchema())
	for from := 0; from < 70_000; from += 10_000 {
		u := &change.Upsert{}
		for i := range 10_000 {
			u.IDs.AppendString(fmt.Sprint(from + i))
		}
		mustApply(t, s, u)
	}
	attr := attrOf(schema.KindInt).ID
	sum := intColumn(1)
	sum.Ops = []change.Op{change.OpSet}
	mustApply(t, s, &change.Upsert{IDs: idsOf("5"), Cols: []change.Column{intColumn(1)}})
	mustApply(t, s, &change.Upsert{IDs: idsOf("66000"), Cols: []change.Column{sum}}, &change.Upsert{IDs: idsOf("new", "newer")})
	for c, want := range []int{65_536, 4466} {
		if got := s.Column(attr, c).Len(); got != want || s.ChunkLen(c) != want {
			t.Errorf("chunk %d: %d values for %d rows", c, got, s.ChunkLen(c))
		}
	}
}
