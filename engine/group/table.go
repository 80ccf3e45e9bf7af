package group

import (
	"slices"

	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Table is the groups of some rows and the states of their totals. Slots are numbered from 0. It is used
// by one goroutine at a time.
type Table struct {
	query   *plan.Query
	keys    keys
	tallies []tally
	budget  int64
	used    int64
	width   int64 // bytes of a slot's states at least
}

// New returns an empty table for a grouped query that may hold so many bytes.
func New(q *plan.Query, budget int64) *Table {
	t := &Table{query: q, budget: budget, width: keyBytes}
	for i := range q.Totals {
		y := newTally(&q.Totals[i])
		t.tallies = append(t.tallies, y)
		t.width += y.width()
	}
	return t
}

// Len returns the number of groups.
func (t *Table) Len() int { return t.keys.len() }

// Expect makes room for so many more groups, to save growing step by step.
func (t *Table) Expect(groups int) {
	if need := int64(groups) * t.width; t.used+need > t.budget {
		return
	}
	t.keys.expect(t.Len() + groups)
}

// Room makes room for so many groups by Append.
func (t *Table) Room(groups int) {
	if need := int64(groups) * t.width; t.used+need > t.budget {
		return
	}
	t.keys.end = slices.Grow(t.keys.end, groups)
	t.keys.text = slices.Grow(t.keys.text, 12*groups)
	for _, y := range t.tallies {
		y.grow(t.Len() + groups)
		y.grow(t.Len())
	}
}

// Append adds a group whose values no other group of the table has, and which will not be looked for: Slot must
// not be called any more. It costs a fraction of Slot.
func (t *Table) Append(key []byte) (int32, error) {
	return t.put(t.keys.append(key), key)
}

// Slot returns the slot of the group whose values were appended to key, in the order of Query.Group.
func (t *Table) Slot(key []byte) (int32, error) {
	slot, fresh := t.keys.find(key)
	if !fresh {
		return slot, nil
	}
	return t.put(slot, key)
}

// put makes the states of a new slot.
func (t *Table) put(slot int32, key []byte) (int32, error) {
	for _, y := range t.tallies {
		y.grow(int(slot) + 1)
	}
	t.used += t.width + 2*int64(len(key))
	return slot, t.check()
}

func (t *Table) check() error {
	if t.used > t.budget {
		return diag.New(diag.Limit, diag.Span{}, "too many groups: %d of them need more than the statement's %d MiB of memory", t.Len(), t.budget>>20).
			WithHint("group by something with fewer values, or narrow the condition")
	}
	return nil
}

// Rows adds n rows to total i of a slot, which must be a count, or of contacts as ByContact says.
func (t *Table) Rows(i int, slot int32, n uint64) { t.tallies[i].(*count).n[slot] += n }

// AddSum adds n words that come to a sum to total i of a slot, a sum or avg that is no FLOAT.
func (t *Table) AddSum(i int, slot int32, n uint64, words int64) {
	s := t.tallies[i].(*sum)
	s.n[slot] += n
	s.whole[slot].AddInt64(words)
}

// AddWord adds a word to total i of a slot, where Words says that it takes them.
func (t *Table) AddWord(i int, slot int32, w int64) {
	switch y := t.tallies[i].(type) {
	case *count:
		y.n[slot]++
	case *sum:
		y.n[slot]++
		y.whole[slot].AddInt64(w)
	case *wordExtreme:
		y.addWord(slot, w)
	}
}

// Words says whether a total is a count, a sum, an avg, a min or a max whose values are words: INT or DECIMAL at
// the scale of the expression's type, BOOL, DATE, TIMESTAMP or DURATION.
func Words(t *plan.Total) bool {
	if t.X == nil || t.Fn == plan.TotalDistinct || t.X.Type().Kind == schema.KindText || t.X.Type().Kind == schema.KindFloat {
		return false
	}
	switch newTally(t).(type) {
	case *count, *sum, *wordExtreme:
		return true
	}
	return false
}

// Stored says how total i, a count of different values, takes them as they are stored: by AddText, or by
// AddNumber.
func (t *Table) Stored(i int) (texts, numbers bool) {
	switch t.tallies[i].(type) {
	case *textSets:
		return true, false
	case *wordSets:
		return false, true
	}
	return false, false
}

// AddText adds a text to total i of a slot: a count of different TEXTs, or the min or max of a TEXT.
func (t *Table) AddText(i int, slot int32, text []byte) error {
	grew := int64(0)
	switch y := t.tallies[i].(type) {
	case *textSets:
		grew = y.addText(slot, text)
	case *extreme:
		grew = y.addText(slot, text)
	}
	if grew == 0 {
		return nil
	}
	t.used += grew
	return t.checkTotal(i)
}

// Text returns the number that total i, a count of different TEXTs, gives a text, for AddCode. Texts that are fresh
// no other call has numbered, nor will any.
func (t *Table) Text(i int, text []byte, fresh bool) (code int32, err error) {
	d := t.tallies[i].(*textSets)
	if fresh {
		code = d.texts.append(text)
	} else if code, fresh = d.texts.find(text); !fresh {
		return code, nil
	}
	t.used += keyBytes + 2*int64(len(text))
	return code, t.checkTotal(i)
}

// Texts returns how many texts total i, a count of different TEXTs, has numbered.
func (t *Table) Texts(i int) int { return t.tallies[i].(*textSets).texts.len() }

// AddCode adds a text to total i of a slot by the number that Text gave it.
func (t *Table) AddCode(i int, slot, code int32) error {
	grew := t.tallies[i].(*textSets).addCode(slot, code)
	if grew == 0 {
		return nil
	}
	t.used += grew
	return t.checkTotal(i)
}

// AddNumber adds a word to total i of a slot, a count of different words.
func (t *Table) AddNumber(i int, slot int32, w int64) error {
	return t.addedNumber(i, t.tallies[i].(*wordSets).addWord(slot, uint64(w)))
}

// AddFloatNumber adds a FLOAT to total i of a slot, a count of different FLOATs.
func (t *Table) AddFloatNumber(i int, slot int32, f float64) error {
	return t.addedNumber(i, t.tallies[i].(*wordSets).addFloat(slot, f))
}

func (t *Table) addedNumber(i int, grew int64) error {
	if grew == 0 {
		return nil
	}
	t.used += grew
	return t.checkTotal(i)
}

// AddFloat adds a FLOAT to total i of a slot, a sum or avg of FLOATs.
func (t *Table) AddFloat(i int, slot int32, f float64) error {
	s := t.tallies[i].(*floatSum)
	sum, grew := s.sum(slot)
	sum.Add(f)
	s.n[slot]++
	if grew == 0 {
		return nil
	}
	t.used += grew
	return t.check()
}

// Add adds a value to total i of a slot; null counts for nothing, except to count(*), which needs none.
func (t *Table) Add(i int, slot int32, v scalar.Value) error {
	y := t.tallies[i]
	if v.Null() && t.query.Totals[i].Fn != plan.TotalRows {
		return nil
	}
	more := y.add(slot, v)
	if more == 0 {
		return nil
	}
	t.used += more
	return t.checkTotal(i)
}

func (t *Table) checkTotal(i int) error {
	if t.used > t.budget && t.query.Totals[i].Fn == plan.TotalDistinct {
		return diag.New(diag.Limit, diag.Span{}, "count(DISTINCT …) over too many values: they need more than the statement's %d MiB of memory", t.budget>>20).
			WithHint("narrow the condition, or count something with fewer values")
	}
	return t.check()
}

// Whole makes the group of a query without GROUP BY, which exists also over nothing.
func (t *Table) Whole() error {
	_, err := t.Slot(nil)
	return err
}
