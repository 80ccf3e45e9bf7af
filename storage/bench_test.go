package storage

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// benchSchema is the workload base: 12 attributes, and 8 more to make 20.
func benchSchema(n int) *schema.Schema {
	s := schema.New(1, "bench", schema.BaseOptions{Spread: 1})
	for _, a := range []struct {
		name string
		typ  schema.Type
	}{
		{"country", schema.Type{Kind: schema.KindText}}, {"city", schema.Type{Kind: schema.KindText}},
		{"plan", schema.Type{Kind: schema.KindText}}, {"gender", schema.Type{Kind: schema.KindText}},
		{"age", schema.Type{Kind: schema.KindInt}}, {"signup_date", schema.Type{Kind: schema.KindTimestamp}},
		{"last_open", schema.Type{Kind: schema.KindTimestamp}}, {"ltv", schema.Type{Kind: schema.KindDecimal, Scale: 2}},
		{"orders", schema.Type{Kind: schema.KindInt}}, {"email_opt_in", schema.Type{Kind: schema.KindBool}},
		{"sms_opt_in", schema.Type{Kind: schema.KindBool}}, {"tags", schema.Type{Kind: schema.KindSet}},
		{"email", schema.Type{Kind: schema.KindText}}, {"first_name", schema.Type{Kind: schema.KindText}},
		{"phone", schema.Type{Kind: schema.KindText}}, {"birthday", schema.Type{Kind: schema.KindDate}},
		{"timezone", schema.Type{Kind: schema.KindText}}, {"lat", schema.Type{Kind: schema.KindFloat}},
		{"lon", schema.Type{Kind: schema.KindFloat}}, {"lists", schema.Type{Kind: schema.KindSet}},
	}[:n] {
		s.Attrs = append(s.Attrs, schema.Attribute{ID: s.NextAttr, Name: a.name, Type: a.typ})
		s.NextAttr++
	}
	return s
}

// benchBatch makes rows contacts from number from on, with distributions like those of workload.md.
func benchBatch(s *schema.Schema, r *rand.Rand, from, rows int) *change.Upsert {
	u := &change.Upsert{Stamp: 1_790_000_000_000}
	for i := range rows {
		u.IDs.AppendString(fmt.Sprint(10_000_000_000 + 3*(from+i) + r.IntN(3)))
	}
	for _, a := range s.Attrs {
		c := change.Column{ID: uint32(a.ID), Type: a.Type}
		if a.Type.Kind == schema.KindSet {
			c.SetOff = []uint32{0}
		}
		for i := range rows {
			benchCell(&c, a.Name, r, from+i)
		}
		u.Cols = append(u.Cols, c)
	}
	return u
}

func zipf(r *rand.Rand, n int) int {
	return min(n-1, int(math.Exp(r.Float64()*math.Log(float64(n)))))
}

func benchCell(c *change.Column, name string, r *rand.Rand, i int) {
	pick := func(prefix string, n int) { c.Texts.AppendString(fmt.Sprint(prefix, zipf(r, n))) }
	switch name {
	case "country":
		pick("C", 60)
	case "city":
		pick("city_", 5000)
	case "plan":
		pick("plan", 5)
	case "gender":
		pick("g", 3)
	case "first_name":
		pick("name", 300)
	case "timezone":
		pick("Europe/Z", 40)
	case "email":
		c.Texts.AppendString(fmt.Sprintf("user.%d@mail%d.example", i, i%50))
	case "phone":
		c.Texts.AppendString(fmt.Sprint("+48", 500_000_000+i*7))
	case "lat", "lon":
		c.Floats = append(c.Floats, r.Float64()*90)
	case "tags", "lists":
		for range r.IntN(9) {
			pick("tag", 200)
		}
		c.SetOff = append(c.SetOff, uint32(c.Texts.Len()))
	case "age":
		c.Ints = append(c.Ints, int64(18+r.IntN(73)))
	case "signup_date":
		c.Ints = append(c.Ints, 1_600_000_000_000+int64(i)*15_000+int64(r.IntN(1e9))*1000%3_456_000_000)
	case "last_open":
		c.Ints = append(c.Ints, 1_790_000_000_000-int64(r.ExpFloat64()*60*86400)*1000)
	case "ltv":
		c.Ints = append(c.Ints, int64(math.Exp(4.5+1.3*r.NormFloat64())*100)*int64(min(1, r.IntN(5)/2)))
	case "birthday":
		c.Ints = append(c.Ints, int64(r.IntN(25_000)))
	case "orders":
		c.Ints = append(c.Ints, int64(zipf(r, 60)))
	default:
		c.Ints = append(c.Ints, int64(r.IntN(2)))
	}
}

// cpuTime returns the processor time of the process in nanoseconds: on a shared machine it says more than
// the clock does.
func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkUpsert applies encoded changes of 8,192 rows and 20 columns: new contacts, then the same again
// as updates.
func BenchmarkUpsert(b *testing.B) {
	const rows, batches = 8192, 16
	sch := benchSchema(20)
	r := rand.New(rand.NewPCG(1, 1))
	var bytesOf [batches][]byte
	for i := range bytesOf {
		bytesOf[i] = change.Encode(nil, &change.Change{Parts: []change.Part{benchBatch(sch, r, i*rows, rows)}})
	}
	for _, mode := range []string{"new", "same"} {
		b.Run(mode, func(b *testing.B) {
			alloc := slab.New()
			s := New(alloc, sch)
			n := 0
			cpu := cpuTime()
			for b.Loop() {
				if n%batches == 0 && mode == "new" {
					b.StopTimer()
					s.Free()
					s = New(alloc, sch)
					b.StartTimer()
				}
				ch, err := change.Decode(bytesOf[n%batches])
				if err != nil {
					b.Fatal(err)
				}
				p, err := s.Prepare(ch)
				if err != nil {
					b.Fatal(err)
				}
				p.Commit()
				n++
			}
			b.ReportMetric(float64(cpuTime()-cpu)/float64(n)/rows, "cpu-ns/row")
			s.Free()
		})
	}
}

// BenchmarkCommit measures the part that readers wait for, by rows and attributes.
func BenchmarkCommit(b *testing.B) {
	for _, attrs := range []int{5, 20} {
		for _, rows := range []int{512, 1024, 8192} {
			b.Run(fmt.Sprintf("attrs=%d/rows=%d", attrs, rows), func(b *testing.B) {
				sch := benchSchema(attrs)
				r := rand.New(rand.NewPCG(1, 1))
				s := New(slab.New(), sch)
				ch := &change.Change{Parts: []change.Part{benchBatch(sch, r, 0, rows)}}
				var cpu int64
				for b.Loop() {
					b.StopTimer()
					p, err := s.Prepare(ch)
					if err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
					began := cpuTime()
					p.Commit()
					cpu += cpuTime() - began
				}
				b.ReportMetric(float64(cpu)/float64(b.N)/1e6, "cpu-ms")
			})
		}
	}
}

// BenchmarkLookup looks ids up in a shard of about a million contacts, and tells the memory of one.
func BenchmarkLookup(b *testing.B) {
	const n = 1 << 20
	for _, attrs := range []int{12, 20} {
		sch := benchSchema(attrs)
		r := rand.New(rand.NewPCG(1, 1))
		alloc := slab.New()
		s := New(alloc, sch)
		var ids [][]byte
		for from := 0; from < n; from += 8192 {
			u := benchBatch(sch, r, from, 8192)
			for i := range u.IDs.Len() {
				ids = append(ids, u.IDs.At(i))
			}
			mustApply(b, s, u)
		}
		r.Shuffle(n, func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
		b.Run(fmt.Sprint(attrs, "attributes"), func(b *testing.B) {
			i := 0
			for b.Loop() {
				if _, ok := s.Lookup(ids[i&(n-1)]); !ok {
					b.Fatal("not found")
				}
				i++
			}
			st := s.Stats()
			b.ReportMetric(float64(alloc.Stats().Mapped)/n, "mapped-B/contact")
			b.ReportMetric(float64(st.Index)/n, "index-B/contact")
			for k, a := range st.Attributes {
				if k > 0 {
					b.Logf("%-12s %6.2f B values, %6.2f B dictionary (%d entries) %v", sch.Attrs[k-1].Name, float64(a.Values)/n, float64(a.Dict)/n, a.Entries, a.Encodings)
				}
			}
		})
		s.Free()
	}
}

// BenchmarkImage writes and reads a shard of half a million contacts.
func BenchmarkImage(b *testing.B) {
	const n = 1 << 19
	sch := benchSchema(20)
	r := rand.New(rand.NewPCG(1, 1))
	alloc := slab.New()
	s := New(alloc, sch)
	for from := 0; from < n; from += 8192 {
		mustApply(b, s, benchBatch(sch, r, from, 8192))
	}
	var image bytes.Buffer
	b.Run("write", func(b *testing.B) {
		for b.Loop() {
			image.Reset()
			if err := WriteImage(&s.View, &image); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(image.Len()))
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			t, err := ReadImage(alloc, bytes.NewReader(image.Bytes()))
			if err != nil {
				b.Fatal(err)
			}
			t.Free()
		}
		b.SetBytes(int64(image.Len()))
	})
}
