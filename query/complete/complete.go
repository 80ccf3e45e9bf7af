package complete

import (
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// Names is what is known of where the statement will run. All of it may be missing.
type Names struct {
	Schema *schema.Schema
	Bases  []string
	// Values returns frequent values of a TEXT or SET attribute (event is empty) or of an event's property,
	// the most frequent first; prefix is what they should begin with, in any case. It may be nil.
	Values func(event, name, prefix string) []string
}

// The kinds of candidates.
const (
	KindKeyword   = "keyword"
	KindAttribute = "attribute"
	KindEvent     = "event"
	KindProperty  = "property"
	KindSegment   = "segment"
	KindValue     = "value"
	KindFunction  = "function"
	KindBase      = "base"
	KindSnippet   = "snippet"
)

// Candidate is something that can stand at the cursor.
type Candidate struct {
	Text   string `json:"text"` // to be put in the place of the span, quoted as needed
	Kind   string `json:"kind"`
	Detail string `json:"detail,omitempty"` // a type, a signature or a line of help
}

// Result is what can stand at the cursor, the best first, in the place of the bytes [Start, End) of the text,
// which lie round the cursor.
type Result struct {
	Start      int         `json:"start"`
	End        int         `json:"end"`
	Candidates []Candidate `json:"candidates"`
}

// maxCandidates bounds an answer.
const maxCandidates = 50

// Complete returns what can stand at the cursor, a byte offset. Every text and every cursor has an answer, if
// an empty one; the time is linear in the text, not counting Names.Values.
func Complete(text string, cursor int, names Names) Result {
	cursor = min(max(cursor, 0), len(text))
	res := Result{Start: cursor, End: cursor, Candidates: []Candidate{}}
	if len(text) > lex.MaxStatement {
		return res
	}
	words := scan(text)
	at, ok := locate(text, words, cursor)
	if !ok {
		return res
	}
	res.Start, res.End = at.start, at.end
	m := newMachine(text, words, at, names)
	m.run()
	o := &offers{machine: m, at: at, seen: map[string]bool{}}
	o.collect()
	res.Candidates = o.best()
	return res
}

// place is the word at the cursor.
type place struct {
	start, end int
	index      int    // in the words: how many stand before it
	prefix     string // what of it stands before the cursor, without its quote
	quote      byte   // ' or " if it is written in one, else 0
}

// locate finds the word that the cursor is in or at the end of. It fails where nothing can be completed: in a
// comment, inside an operator.
func locate(text string, words []word, cursor int) (place, bool) {
	at := place{start: cursor, end: cursor}
	for i, w := range words {
		if w.Start >= cursor {
			break
		}
		at.index = i + 1
		if cursor > w.End || cursor == w.End && !completable(w) {
			if w.comment && w.End == cursor && text[w.Start] == '-' {
				return at, false
			}
			continue
		}
		if cursor < w.End && (w.comment || w.Kind == lex.Punct || w.bad && !w.open || w.Kind == lex.Param) {
			return at, false
		}
		at.index = i
		at.take(text, w, cursor)
		return at, true
	}
	return at, true
}

// completable tells whether a word whose end is at the cursor is still being written.
func completable(w word) bool {
	if w.comment {
		return w.open
	}
	switch w.Kind {
	case lex.Ident, lex.Quoted, lex.Int, lex.Measure, lex.Param:
		return true
	case lex.Text:
		return w.open
	}
	return false
}

func (p *place) take(text string, w word, cursor int) {
	p.start, p.end = w.Start, w.End
	p.prefix = text[w.Start:cursor]
	if w.Kind == lex.Text || w.Kind == lex.Quoted {
		p.quote = text[w.Start]
		p.prefix = strings.ReplaceAll(strings.TrimSuffix(text[w.Start+1:max(cursor, w.Start+1)], closed(w, cursor, p.quote)), string(p.quote)+string(p.quote), string(p.quote))
	}
	if w.open {
		p.end = cursor
	}
}

// closed returns the quote that ends a word at the cursor.
func closed(w word, cursor int, quote byte) string {
	if cursor == w.End && !w.open {
		return string(quote)
	}
	return ""
}

// best returns the candidates that begin as the word at the cursor does: those in the very letters first, else
// in the order in which they were offered.
func (o *offers) best() []Candidate {
	prefix := o.at.prefix
	exact, rest := []Candidate{}, []Candidate{}
	for _, c := range o.list {
		bare := strings.TrimLeft(c.Text, `'"`)
		switch {
		case o.at.quote == '\'' && c.Kind != KindValue, o.at.quote == '"' && !strings.HasPrefix(c.Text, `"`):
		case strings.HasPrefix(bare, prefix), strings.HasPrefix(c.Text, prefix):
			exact = append(exact, c)
		case hasPrefixFold(bare, prefix):
			rest = append(rest, c)
		}
	}
	out := append(exact, rest...)
	return out[:min(len(out), maxCandidates)]
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && utf8.ValidString(s[:len(prefix)]) && strings.EqualFold(s[:len(prefix)], prefix)
}
