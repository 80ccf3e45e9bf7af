package complete

import (
	"strings"

	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// machine walks over the words before the cursor and remembers what it must to say what comes next: the
// clause, and for each open bracket what stands in it. It never fails; what it does not understand it passes
// over until the next clause begins.
type machine struct {
	text  string
	words []word // of the statement up to the cursor, comments left out
	names Names
	sch   *schema.Schema

	heads  []string // the first words, while they make no statement yet
	shape  []clause
	clause int
	inside int  // words of the clause's own that are still to come
	copied bool // a SELECT in the brackets of COPY
	table  *schema.EventType
	frames []frame
	items  []item // of the select list
	pos    int    // the word being read
}

// item is a column of the select list.
type item struct {
	start, end int // of its text
	alias      string
	total      bool
}

func newMachine(text string, words []word, at place, names Names) *machine {
	m := &machine{text: text, names: names, sch: names.Schema}
	if m.sch == nil {
		m.sch = &schema.Schema{}
	}
	from := 0
	for i, w := range words[:at.index] {
		if m.isPunct(w, ";") {
			from = i + 1
		}
	}
	for _, w := range words[from:at.index] {
		if !w.comment {
			m.words = append(m.words, w)
		}
	}
	m.table = m.findTable(words[from:])
	return m
}

// findTable looks for the event after FROM, also behind the cursor: the names of the select list are its
// properties.
func (m *machine) findTable(words []word) *schema.EventType {
	var before string
	for i, w := range words {
		up := m.upper(w)
		switch {
		case m.isPunct(w, ";"):
			return nil
		case up == "FROM" && before != "DISTINCT" && before != "SEGMENT" && i+1 < len(words):
			return m.event(m.name(words[i+1]))
		}
		before = up
	}
	return nil
}

// upper returns a word without quotes in capitals, or nothing for other tokens.
func (m *machine) upper(w word) string {
	if w.Kind != lex.Ident || w.comment {
		return ""
	}
	return strings.ToUpper(m.text[w.Start:w.End])
}

// name returns the name that a token is, or nothing.
func (m *machine) name(w word) string {
	switch {
	case w.comment || w.open:
		return ""
	case w.Kind == lex.Ident:
		return m.text[w.Start:w.End]
	case w.Kind == lex.Quoted && w.End-w.Start > 1:
		return lex.Unquote(m.text[w.Start:w.End])
	}
	return ""
}

func (m *machine) isPunct(w word, s string) bool {
	return w.Kind == lex.Punct && !w.comment && m.text[w.Start:w.End] == s
}

func (m *machine) event(name string) *schema.EventType {
	ev, _ := m.sch.Event(name)
	return ev
}

// run walks over all words.
func (m *machine) run() {
	m.begin()
	for m.shape != nil && m.pos < len(m.words) {
		w := m.words[m.pos]
		if m.clauseWord(w) || m.newClause(w) || m.endOfCopied(w) {
			m.pos++
			continue
		}
		m.step(w)
		m.pos++
	}
}

// begin reads EXPLAIN and the words by which statements are told apart.
func (m *machine) begin() {
	words := m.words
	for len(words) > 0 && (m.upper(words[0]) == "EXPLAIN" || m.upper(words[0]) == "ANALYZE") {
		words = words[1:]
		m.heads = append(m.heads, "EXPLAIN")
	}
	if len(m.heads) > 0 && len(words) > 0 {
		m.heads = nil
	}
	skipped := len(m.words) - len(words)
	if len(words) > 1 && m.upper(words[0]) == "COPY" && m.isPunct(words[1], "(") {
		m.copied = true
		words, skipped = words[2:], skipped+2
	}
	var ups []string
	for _, w := range words[:min(len(words), 5)] {
		ups = append(ups, m.upper(w))
	}
	shape, n := shapeOf(ups)
	if shape == nil {
		m.heads = append(m.heads, ups...)
		return
	}
	if n == len(words) && len(m.heads) == 0 {
		m.heads = ups
	}
	m.shape, m.pos = shape, skipped+n
	m.enter(0)
}

// enter begins a clause.
func (m *machine) enter(clause int) {
	m.clause = clause
	m.frames = append(m.frames[:0], m.baseFrame(m.shape[clause].slot))
}

// clauseWord passes over the second and third word of a clause.
func (m *machine) clauseWord(w word) bool {
	if m.inside == 0 {
		return false
	}
	words := strings.Fields(m.shape[m.clause].words)
	if m.upper(w) != words[len(words)-m.inside] {
		m.inside = 0
		return false
	}
	m.inside--
	return true
}

// newClause tells whether a word begins a later clause, and enters it.
func (m *machine) newClause(w word) bool {
	up := m.upper(w)
	if up == "" || m.expectsName() {
		return false
	}
	for i := m.clause + 1; i < len(m.shape); i++ {
		if !strings.HasPrefix(m.shape[i].words, up) {
			continue
		}
		words := strings.Fields(m.shape[i].words)
		if words[0] != up || !m.begins(words) {
			continue
		}
		m.endItem(w.Start)
		m.enter(i)
		m.inside = len(words) - 1
		return true
	}
	return false
}

// begins tells whether the clause with those words can begin at the word being read: at the outside of all
// brackets after something whole, or anywhere if its words are reserved for that.
func (m *machine) begins(words []string) bool {
	last := m.pos+1 == len(m.words)
	if len(words) > 1 && !last && m.upper(m.words[m.pos+1]) != words[1] {
		return false
	}
	if words[0] == "AS" && len(words) > 1 && last {
		return false // it may be an alias
	}
	switch words[0] {
	case "FROM", "WHERE", "HAVING":
		return m.top().phase != pDistinct
	case "GROUP", "ORDER":
		return !last || len(m.frames) == 1
	}
	return len(m.frames) == 1 && !m.top().wantsOperand()
}

// endOfCopied tells the bracket that ends the SELECT of a COPY.
func (m *machine) endOfCopied(w word) bool {
	if !m.copied || len(m.frames) != 1 || !m.isPunct(w, ")") {
		return false
	}
	m.copied, m.shape = false, copyShape
	m.enter(0)
	m.top().phase = pDone
	return true
}

func (m *machine) top() *frame { return &m.frames[len(m.frames)-1] }

// expectsName tells whether every word is a name here, whatever it is called.
func (m *machine) expectsName() bool {
	switch m.top().phase {
	case pDid, pNthEvent, pSegName, pTable, pName, pNew, pDot, pTarget, pAnyName:
		return true
	}
	return false
}

// endItem closes the column of a select list that ends before an offset.
func (m *machine) endItem(end int) {
	if m.shape[m.clause].slot != slotItems || len(m.items) == 0 {
		return
	}
	if last := &m.items[len(m.items)-1]; last.end == 0 {
		last.end = end
	}
}
