package change

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/storage/schema"
)

var allTypes = []schema.Type{{Kind: schema.KindBool}, {Kind: schema.KindInt}, {Kind: schema.KindFloat}, {Kind: schema.KindDecimal, Scale: 2},
	{Kind: schema.KindText}, {Kind: schema.KindDate}, {Kind: schema.KindTimestamp}, {Kind: schema.KindSet}, {Kind: schema.KindKey}}

// random makes a valid change.
func random(r *rand.Rand) *Change {
	ch := &Change{}
	for range r.IntN(5) {
		switch r.IntN(8) {
		case 0:
			ch.Parts = append(ch.Parts, &Schema{randomSchema(r)})
		case 1:
			ch.Parts = append(ch.Parts, &DropBase{})
		case 2:
			n := r.IntN(70)
			ch.Parts = append(ch.Parts, &Upsert{Stamp: r.Int64(), Existing: r.IntN(2) == 0, IDs: randomTexts(r, n, 1), Cols: randomColumns(r, n, true)})
		case 3:
			ch.Parts = append(ch.Parts, randomTrack(r))
		case 4:
			ch.Parts = append(ch.Parts, &Delete{randomTexts(r, r.IntN(5), 1)})
		case 5:
			ch.Parts = append(ch.Parts, &Maintain{-r.Int64()})
		case 6:
			ch.Parts = append(ch.Parts, &Forget{})
		case 7:
			ch.Parts = append(ch.Parts, randomDeleteEvents(r))
		}
	}
	return ch
}

func randomTexts(r *rand.Rand, n, least int) Strings {
	var s Strings
	for range n {
		s.AppendString(strings.Repeat("żx", (least + r.IntN(9))))
	}
	return s
}

// randomContacts are contacts of n rows, with or without codes.
func randomContacts(r *rand.Rand, n int) (Strings, []uint32) {
	if n > 0 && r.IntN(2) == 0 {
		ids := randomTexts(r, 1+r.IntN(3), 1)
		return ids, randomCodes(r, n, ids.Len())
	}
	return randomTexts(r, n, 1), nil
}

func randomDeleteEvents(r *rand.Rand) *DeleteEvents {
	n := r.IntN(70)
	d := &DeleteEvents{Event: schema.EventID(r.IntN(9))}
	d.IDs, d.Codes = randomContacts(r, n)
	for range n {
		d.Times = append(d.Times, 1_700_000_000_000+r.Int64N(1e9))
		d.Hashes = append(d.Hashes, r.Uint64())
	}
	return d
}

func randomTrack(r *rand.Rand) *Track {
	n := r.IntN(70)
	t := &Track{Stamp: r.Int64(), Event: schema.EventID(r.IntN(9))}
	t.IDs, t.Codes = randomContacts(r, n)
	for range n {
		t.Times = append(t.Times, 1_700_000_000_000+r.Int64N(1e9))
	}
	if n > 0 && r.IntN(2) == 0 {
		for range n {
			t.EventIDs = append(t.EventIDs, r.Uint64())
		}
	}
	t.Props = randomColumns(r, n, false)
	return t
}

func randomCodes(r *rand.Rand, n, below int) []uint32 {
	c := make([]uint32, n)
	for i := range c {
		c[i] = uint32(r.IntN(below))
	}
	return c
}

func randomColumns(r *rand.Rand, rows int, ops bool) []Column {
	var cols []Column
	for id := range uint32(r.IntN(6)) {
		t := allTypes[r.IntN(len(allTypes))]
		c := Column{ID: 16 + id, Type: t}
		if rows > 0 && r.IntN(2) == 0 {
			c.Ops = make([]Op, rows)
			for i := range c.Ops {
				c.Ops[i] = Op(r.IntN(3))
				if ops && (t.Numeric() || t.Kind == schema.KindSet) && r.IntN(2) == 0 {
					c.Ops[i] = OpAdd
				} else if ops && r.IntN(4) == 0 {
					c.Ops[i] = OpFill
				}
			}
		}
		randomCells(r, &c, rows)
		cols = append(cols, c)
	}
	return cols
}

func randomCells(r *rand.Rand, c *Column, rows int) {
	switch c.Type.Kind {
	case schema.KindFloat:
		for range rows {
			c.Floats = append(c.Floats, r.NormFloat64())
		}
	case schema.KindText:
		if rows > 0 && r.IntN(2) == 0 {
			c.Texts = randomTexts(r, 1+r.IntN(4), 0)
			c.Codes = randomCodes(r, rows, c.Texts.Len())
		} else {
			c.Texts = randomTexts(r, rows, 0)
		}
	case schema.KindSet:
		c.SetOff = []uint32{0}
		for range rows {
			c.SetOff = append(c.SetOff, c.SetOff[len(c.SetOff)-1]+uint32(r.IntN(4)))
		}
		n := int(c.SetOff[rows])
		if n > 0 && r.IntN(2) == 0 {
			c.Texts = randomTexts(r, 3, 0)
			c.Codes = randomCodes(r, n, 3)
		} else {
			c.Texts = randomTexts(r, n, 0)
		}
	default:
		lim := []int64{2, 256, 257, 1 << 17, math.MaxInt64}[r.IntN(5)]
		if c.Type.Kind == schema.KindBool {
			lim = 2
		}
		for range rows {
			c.Ints = append(c.Ints, r.Int64N(lim))
		}
	}
}

func randomSchema(r *rand.Rand) *schema.Schema {
	s := schema.New(7, "shop", schema.BaseOptions{TimeZone: "Europe/Warsaw", Mode: schema.Mode(r.IntN(2)), Spread: 16})
	for i := range r.IntN(5) {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: s.NextAttr, Name: fmt.Sprint("a", i), Type: allTypes[i], Personal: i == 1})
		s.NextAttr++
	}
	for i := range r.IntN(3) {
		e := schema.EventType{ID: s.NextEvent, Name: fmt.Sprint("e", i), HasID: i == 0, Keep: time.Duration(i) * time.Hour}
		s.NextEvent++
		for k := range r.IntN(3) {
			e.Props = append(e.Props, schema.Property{ID: s.NextProp, Name: fmt.Sprint("p", k), Type: allTypes[k+3]})
			s.NextProp++
		}
		s.Events = append(s.Events, e)
	}
	for i := range r.IntN(3) {
		s.Segments = append(s.Segments, schema.Segment{ID: schema.SegmentID(3 + i), Attr: s.NextAttr})
		s.NextAttr++
	}
	return s
}

func TestRoundTrip(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 2000 {
		ch := random(r)
		if err := Validate(ch); err != nil {
			t.Fatalf("seed %d change %d: generator: %v", seed, i, err)
		}
		b := Encode(nil, ch)
		got, err := Decode(b)
		if err != nil {
			t.Fatalf("seed %d change %d: %v", seed, i, err)
		}
		if !reflect.DeepEqual(got, ch) {
			t.Fatalf("seed %d change %d:\n got %+v\nwant %+v", seed, i, got, ch)
		}
		if len(b) > Size(ch) && len(ch.Parts) > 0 && !hasSchema(ch) {
			t.Fatalf("seed %d change %d: %d bytes, Size said %d", seed, i, len(b), Size(ch))
		}
	}
}

func hasSchema(ch *Change) bool {
	for _, p := range ch.Parts {
		if _, ok := p.(*Schema); ok {
			return true
		}
	}
	return false
}

// TestDamage cuts every change short at every byte and flips bits: an error or another valid change, never
// a panic.
func TestDamage(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 40 {
		b := Encode(nil, random(r))
		for n := range b {
			if _, err := Decode(b[:n]); err == nil {
				t.Fatalf("seed %d: %d of %d bytes decode", seed, n, len(b))
			} else if !errors.Is(err, ErrBytes) {
				t.Fatalf("seed %d: %v does not wrap ErrBytes", seed, err)
			}
		}
		for range 300 {
			c := append([]byte(nil), b...)
			c[r.IntN(len(c))] ^= 1 << r.IntN(8)
			if ch, err := Decode(c); err == nil {
				if err := Validate(ch); err != nil {
					t.Fatalf("seed %d: Decode let through: %v", seed, err)
				}
			}
		}
		if _, err := Decode(append(b, 0)); err == nil {
			t.Fatalf("seed %d: a byte too many decodes", seed)
		}
	}
}

// TestGolden pins the bytes that docs/reference/format-change.md explains.
func TestGolden(t *testing.T) {
	u := &Upsert{Stamp: 1000}
	u.IDs.AppendString("c1")
	u.IDs.AppendString("c22")
	u.Cols = []Column{{ID: 16, Type: schema.Type{Kind: schema.KindInt}, Ops: []Op{OpSet, OpNull}, Ints: []int64{300, 0}}}
	const want = "02" + "01" + "03" + "d00f" + "02" + "01" + "04" + "0001" + "63316332" + "32" +
		"01" + "10" + "0200" + "01" + "0102" + "02" + "00" + "2c01" + "0000"
	got := hex.EncodeToString(Encode(nil, &Change{Parts: []Part{u}}))
	if got != want {
		t.Fatalf("\n got %s\nwant %s", got, want)
	}
}

// TestBombs: few bytes that stand for much are refused before memory is made.
func TestBombs(t *testing.T) {
	e := encoder{[]byte{Version}}
	e.uint(1)
	e.byte(kindUpsert)
	e.int(0)
	e.uint(MaxRows) // that many ids …
	e.byte(0)       // … all equally long
	e.int(4096)
	for name, b := range map[string][]byte{
		"ids":   e.b,
		"parts": {Version, 0xff, 0xff, 0xff, 0xff, 0x0f},
		"columns": func() []byte {
			e := encoder{[]byte{Version}}
			e.uint(1)
			e.byte(kindTrack)
			e.int(0)
			e.uint(1)
			e.uint(MaxRows)
			e.strings(&Strings{Off: []uint32{0, 1}, Bytes: []byte("x")})
			e.uint(MaxRows + 1)
			e.byte(0)
			e.int(0)
			e.byte(0)
			e.int(1_700_000_000_000)
			e.bool(false)
			e.uint(400)
			for i := range uint64(400) {
				e.uint(16 + i)
				e.typ(schema.Type{Kind: schema.KindInt})
				e.bool(false)
				e.byte(0)
				e.int(5)
			}
			return e.b
		}(),
	} {
		if _, err := Decode(b); !errors.Is(err, ErrBytes) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestValidate names what is wrong with changes that a caller may build.
func TestValidate(t *testing.T) {
	ids := Strings{Off: []uint32{0, 1}, Bytes: []byte("x")}
	i64 := schema.Type{Kind: schema.KindInt}
	text := schema.Type{Kind: schema.KindText}
	for want, p := range map[string]Part{
		"is empty":              &Delete{Strings{Off: []uint32{0, 0}}},
		"offset 2 falls":        &Delete{Strings{Off: []uint32{0, 3, 1}, Bytes: []byte("x")}},
		"2 values for 1 rows":   &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: i64, Ints: []int64{1, 2}}}},
		"not a BOOL":            &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: schema.Type{Kind: schema.KindBool}, Ints: []int64{2}}}},
		"cannot be stored":      &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: schema.Type{Kind: schema.KindDuration}, Ints: []int64{2}}}},
		"not a number":          &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: schema.Type{Kind: schema.KindFloat}, Floats: []float64{math.NaN()}}}},
		"operation 3":           &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: text, Ops: []Op{OpAdd}, Texts: ids}}},
		"occurs twice":          &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: i64, Ints: []int64{1}}, {ID: 1, Type: i64, Ints: []int64{1}}}},
		"code 1 of 1 texts":     &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: text, Texts: ids, Codes: []uint32{1}}}},
		"not UTF-8":             &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: text, Texts: Strings{[]uint32{0, 1}, []byte{0xff}}}}},
		"set or null only":      &Track{IDs: ids, Times: []int64{1}, Props: []Column{{ID: 16, Type: i64, Ops: []Op{OpAdd}, Ints: []int64{1}}}},
		"2 events for 1":        &Track{IDs: ids, Times: []int64{1, 2}},
		"arrays of another":     &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: i64, Ints: []int64{1}, Floats: []float64{1}}}},
		"sets of 1 elements":    &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: schema.Type{Kind: schema.KindSet}, SetOff: []uint32{0, 1}}}},
		"the limit is 1024":     &Delete{Strings{Off: []uint32{0, 1025}, Bytes: make([]byte, 1025)}},
		"2 hashes for 1 events": &DeleteEvents{IDs: ids, Times: []int64{1}, Hashes: []uint64{1, 2}},
		"1 events for 2":        &DeleteEvents{IDs: Strings{Off: []uint32{0, 1, 2}, Bytes: []byte("xy")}, Times: []int64{1}, Hashes: []uint64{1}},
		"code 2 of row 0":       &DeleteEvents{IDs: ids, Codes: []uint32{2}, Times: []int64{1}, Hashes: []uint64{1}},
		"property 16: an event": &Track{IDs: ids, Times: []int64{1}, Props: []Column{{ID: 16, Type: i64, Ops: []Op{OpFill}, Ints: []int64{1}}}},
		"code 3 of 1 texts":     &Upsert{IDs: ids, Cols: []Column{{ID: 1, Type: text, Ops: []Op{OpFill}, Texts: ids, Codes: []uint32{3}}}},
		"id 2 and attribute 16": &Schema{&schema.Schema{NextAttr: 20, Attrs: []schema.Attribute{{ID: 16, Name: "x", Type: i64}},
			Segments: []schema.Segment{{ID: 1, Name: "plain"}, {ID: 2, Name: "s", Attr: 16}}}},
		"id 1 and attribute 21": &Schema{&schema.Schema{NextAttr: 20, Segments: []schema.Segment{{ID: 1, Name: "s", Attr: 21}}}},
		"has id 3 and type INT": &Schema{&schema.Schema{NextAttr: 20, Attrs: []schema.Attribute{{ID: 3, Name: "x", Type: i64}}}},
	} {
		if err := Validate(&Change{Parts: []Part{p}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestRows(t *testing.T) {
	i64, set := schema.Type{Kind: schema.KindInt}, schema.Type{Kind: schema.KindSet}
	var r Rows
	r.Begin()
	r.Put(20, set, OpAdd, schema.Value{Kind: schema.KindSet, Set: []string{"a", "b"}})
	r.Begin()
	r.Put(16, i64, OpSet, schema.Value{Kind: schema.KindInt, I: 1})
	r.Put(16, i64, OpSet, schema.Value{Kind: schema.KindInt, I: 2})
	r.Begin()
	r.Put(16, i64, OpSet, schema.Value{})
	r.Begin()
	u := &Upsert{Cols: r.Columns()}
	for range r.Len() {
		u.IDs.AppendString("x")
	}
	if err := Validate(&Change{Parts: []Part{u}}); err != nil {
		t.Fatal(err)
	}
	a, b := u.Cols[0], u.Cols[1]
	if !reflect.DeepEqual(a.Ops, []Op{OpAdd, OpSkip, OpSkip, OpSkip}) || a.SetLen(0) != 2 || string(a.SetElem(0, 1)) != "b" {
		t.Errorf("set column %+v", a)
	}
	if !reflect.DeepEqual(b.Ops, []Op{OpSkip, OpSet, OpNull, OpSkip}) || b.Ints[1] != 2 {
		t.Errorf("int column %+v", b)
	}
}

func FuzzDecode(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		f.Add(Encode(nil, random(r)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ch, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(Encode(nil, ch))
		if err != nil || !reflect.DeepEqual(again, ch) {
			t.Fatalf("%v\n%+v\n%+v", err, ch, again)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	u := &Upsert{Stamp: 1}
	for i := range 8192 {
		u.IDs.AppendString(fmt.Sprint(10_000_000_000 + 3*i))
	}
	for id := range uint32(20) {
		c := Column{ID: 16 + id, Type: allTypes[id%9]}
		randomCells(r, &c, 8192)
		u.Cols = append(u.Cols, c)
	}
	buf := Encode(nil, &Change{Parts: []Part{u}})
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := Decode(buf); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8192, "ns/row")
}
