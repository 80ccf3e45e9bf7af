package shell

import (
	"strings"

	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/query/lex"
)

// statementWords are the words that begin statements or stand in them and are no keywords of conditions.
var statementWords = wordSet(`ADD ALTER ANALYZE AGAIN ASC ATTRIBUTE ATTRIBUTES BASE BASES BY CONTACT CONTACTS COPY COUNT CREATE DELETE DESC
	DESCRIBE DROP ERROR EVENTS EXPLAIN FORMAT KEEP KEY KILL LIVE NOW OR PERSONAL QUERIES REJECTS REMOVE RENAME REPLACE SEGMENTS SET SHOW
	SKIP STATIC STORAGE TO TRACK UPDATE UPSERT USE THEN SPANNING`)

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// highlight colours a text that is being edited. What does not lex is left as it is from there on, an open
// quote is a text.
func highlight(style render.Style, text string) string {
	if !style.Color || len(text) > maxHighlight {
		return text
	}
	if strings.HasPrefix(text, "\\") {
		command, rest, _ := strings.Cut(text, " ")
		return style.Paint(render.Green, command) + text[len(command):len(text)-len(rest)] + rest
	}
	var b strings.Builder
	at := 0
	for it := range pieces(text) {
		b.WriteString(text[at:it.Start])
		b.WriteString(style.Paint(colour(it, text[it.Start:it.End]), text[it.Start:it.End]))
		at = it.End
	}
	b.WriteString(text[at:])
	return b.String()
}

// maxHighlight bounds the work at each key: longer texts are plain.
const maxHighlight = 64 << 10

// pieces yields the tokens as far as the text lexes.
func pieces(text string) func(func(lex.Token) bool) {
	return func(yield func(lex.Token) bool) {
		s, err := lex.New(text)
		if err != nil {
			return
		}
		at := 0
		for {
			t, err := s.Next()
			if err != nil {
				if i := strings.IndexAny(text[at:], "'"); i >= 0 {
					yield(lex.Token{Kind: lex.Text, Start: at + i, End: len(text)})
				}
				return
			}
			if t.Kind == lex.EOF || !yield(t) {
				return
			}
			at = t.End
		}
	}
}

// colour returns the code of a token, empty for what is left as it is.
func colour(t lex.Token, text string) string {
	switch t.Kind {
	case lex.Ident:
		if lex.Lookup(text) != lex.None || statementWords[strings.ToUpper(text)] {
			return render.Bold + ";" + render.Blue
		}
	case lex.Text:
		return render.Green
	case lex.Int, lex.Decimal, lex.Float, lex.Measure:
		return render.Yellow
	case lex.Param:
		return render.Cyan
	}
	return ""
}
