package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"github.com/musterdb/muster/query/complete"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// Complete returns what can stand at the cursor, a byte offset, of a statement over a base that is being written.
// An unknown base has no names, which is no error.
func (s *Service) Complete(ctx context.Context, base, text string, cursor int) complete.Result {
	names := complete.Names{}
	for _, b := range s.node.Catalog().Bases() {
		names.Bases = append(names.Bases, b.Name)
	}
	if sch, err := s.node.Schema(base); err == nil {
		names.Schema = sch
		names.Values = func(event, name, _ string) []string { return s.frequent.values(ctx, s, sch, event, name) }
	}
	return complete.Complete(text, cursor, names)
}

// The bounds of what is kept of frequent values.
const (
	frequentFor     = time.Minute            // how old they may be
	frequentTime    = 400 * time.Millisecond // how long finding them may take: somebody waits at the keyboard
	frequentEntries = 1000
	frequentValues  = 20
)

// frequent keeps the frequent values of attributes and properties for a while: each key that is pressed asks for
// them. What could not be found in time is kept too, as nothing.
type frequent struct {
	mu   sync.Mutex
	kept map[string]*frequentEntry
}

type frequentEntry struct {
	since time.Time
	once  sync.Once
	found []string
}

// values returns the most frequent values of an attribute, or of an event's property. Those of PERSONAL attributes
// are nobody's to offer.
func (f *frequent) values(ctx context.Context, s *Service, sch *schema.Schema, event, name string) []string {
	table := "contacts"
	if event != "" {
		table = lex.Quote(event, '"')
	} else if a, ok := sch.Attr(name); !ok || a.Personal || a.ID == schema.AttrIDOf {
		return nil
	}
	e := f.entry(fmt.Sprintf("%d\x00%s\x00%s", sch.Base, event, name))
	e.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), frequentTime)
		defer cancel()
		column := quotedName(name)
		text := fmt.Sprintf("SELECT %[1]s, count(*) FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY 1 ORDER BY 2 DESC LIMIT %[3]d", column, table, frequentValues)
		var to tops
		if _, err := s.Query(ctx, Request{Base: sch.Name, Text: text, Client: "completion"}, &to); err == nil {
			e.found = to.frequent()
		}
	})
	return e.found
}

// entry returns the place of a key, a new one if what is there is too old.
func (f *frequent) entry(key string) *frequentEntry {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := f.kept[key]
	if e == nil || time.Since(e.since) > frequentFor {
		if f.kept == nil || len(f.kept) >= frequentEntries {
			f.kept = map[string]*frequentEntry{}
		}
		e = &frequentEntry{since: time.Now()}
		f.kept[key] = e
	}
	return e
}

// quotedName returns a name, possibly dotted, in quotes.
func quotedName(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if p == "" {
			return lex.Quote(name, '"')
		}
		parts[i] = lex.Quote(p, '"')
	}
	return strings.Join(parts, ".")
}

// tops is a sink that keeps values and how often they are.
type tops struct {
	values []string
	counts []int64
}

// Begin takes any answer of two columns.
func (t *tops) Begin(*arrow.Schema) error { return nil }

// Record keeps the rows.
func (t *tops) Record(r arrow.Record) error {
	counts, ok := r.Column(1).(*array.Int64)
	for i := 0; ok && i < int(r.NumRows()) && len(t.values) < frequentValues; i++ {
		t.values = append(t.values, strings.Clone(r.Column(0).ValueStr(i)))
		t.counts = append(t.counts, counts.Value(i))
	}
	return nil
}

// Message does not come.
func (t *tops) Message(string) error { return nil }

// frequent returns the values unless each is there once: then any would be as good.
func (t *tops) frequent() []string {
	if len(t.counts) == frequentValues && t.counts[0] == 1 {
		return nil
	}
	return t.values
}
