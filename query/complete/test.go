package complete

import (
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// after reads what follows a value or a condition.
func (m *machine) after(w word) bool {
	f := m.top()
	if w.Kind == lex.Punct {
		m.afterPunct(w)
		return true
	}
	if f.phase == pSel && m.frequency(m.upper(w)) {
		return true
	}
	switch up := m.upper(w); up {
	case "AND":
		if f.between {
			f.between, f.phase = false, pOperand
			return true
		}
		f.again()
	case "OR", "WHEN", "THEN", "ELSE":
		f.again()
	case "END":
		f.value(ref{})
	case "AS":
		f.phase = pAlias
	case "DESC", "ASC":
		f.phase = pSorted
	case "AGO":
		f.whole()
	default:
		m.comparison(up)
	}
	return true
}

func (m *machine) afterPunct(w word) {
	f := m.top()
	switch m.text[w.Start] {
	case '.':
		f.phase = pDot
	case '+', '-', '*', '/':
		f.phase, f.path = pOperand, nil
	case '=', '<', '>', '!':
		m.compare(pOperand)
	}
}

// compare begins a comparison with the value that was read.
func (m *machine) compare(next phase) {
	f := m.top()
	subj := f.subj
	f.cmp, f.phase, f.path, f.said = &subj, next, nil, false
}

// comparison reads the words that compare.
func (m *machine) comparison(up string) {
	f := m.top()
	switch up {
	case "NOT":
		f.phase = pCmpNot
	case "IN":
		m.compare(pIn)
	case "BETWEEN":
		m.compare(pOperand)
		f.between = true
	case "LIKE", "ILIKE", "MATCHES", "CONTAINS":
		m.compare(pOperand)
	case "STARTS", "ENDS":
		m.compare(pWithWord)
	case "IS":
		m.compare(pIs)
	case "HAS":
		m.compare(pHas)
	case "SUBSET":
		m.compare(pOf)
	default:
		m.windowWord(up)
	}
}

// windowWord begins a window; after it the phase is again what it was, but a value is whole.
func (m *machine) windowWord(up string) bool {
	f := m.top()
	next, ok := map[string]phase{"WITHIN": pWithin, "DURING": pDuring, "SINCE": pBefore, "BEFORE": pBefore}[up]
	if !ok {
		return false
	}
	f.ret, f.phase = f.phase, next
	return true
}

// frequency reads the words that follow a selector and are no window, and the windows that begin with BETWEEN.
func (m *machine) frequency(up string) bool {
	f := m.top()
	switch up {
	case "AT":
		f.phase = pAt
	case "EXACTLY":
		f.phase = pCount
	case "MORE", "FEWER":
		f.phase = pThan
	case "ON":
		f.phase = pOn
	case "ONCE", "TWICE":
	case "BETWEEN":
		f.phase = pBetweenA
	default:
		return false
	}
	return true
}

// behaviour reads what follows DID and the number of times.
func (m *machine) behaviour(w word) bool {
	f, up := m.top(), m.upper(w)
	switch f.phase {
	case pDid, pNthEvent:
		m.selector(w, up)
	case pNever:
		f.phase = pDid
		return up == "DID"
	case pAnyEvent:
		f.sel, f.phase = m.allEvents(), pSel
		if f.role == roleAggregate {
			f.phase = pAggSel
		}
	case pAt:
		f.phase = pCount
	case pThan:
		f.phase = pCount
	case pOn:
		return m.frequency(up)
	case pCount:
		f.phase = pTimes
		if up == "ONCE" || up == "TWICE" {
			f.phase = pSel
		}
	case pTimes:
		f.phase = pSel
	case pBetweenA:
		f.phase = pBetweenAnd
	case pBetweenAnd:
		f.phase = pBetweenB
	case pBetweenB:
		f.phase, f.ret = pTimes, pSel
		if w.Kind == lex.Measure {
			f.phase = pAgo
		}
	}
	return true
}

// selector reads the name of an event.
func (m *machine) selector(w word, up string) {
	f := m.top()
	switch {
	case up == "NOT" && f.phase == pDid:
	case up == "ANY" && m.nextIs("EVENT"):
		f.phase = pAnyEvent
	default:
		f.sel = []*schema.EventType{}
		if ev := m.event(m.name(w)); ev != nil {
			f.sel = append(f.sel, ev)
		}
		f.phase, f.said, f.cmp = pSel, true, nil
	}
}

// window reads a window.
func (m *machine) window(w word) bool {
	f, up := m.top(), m.upper(w)
	switch f.phase {
	case pWithin:
		switch {
		case up == "NEXT":
		case w.Kind == lex.Int || w.Kind == lex.Decimal:
			f.phase = pWithinUnit
		default:
			f.phase = pWindowEnd
		}
	case pWithinUnit, pUnit:
		f.phase = pWindowEnd
	case pDuration:
		f.whole()
	case pAgo:
		f.phase = pWindowEnd
		return up == "AGO"
	case pBefore:
		m.before(w)
		return w.Kind == lex.Measure
	case pDuring:
		return m.during(up)
	case pLast:
		if w.Kind == lex.Int {
			f.phase = pUnit
		} else {
			f.phase = pWindowEnd
		}
	case pTimeZone:
		if up == "" {
			f.phase = pWindowEnd
		}
	default:
		return m.windowEnd(up)
	}
	return true
}

func (m *machine) before(w word) {
	f := m.top()
	if w.Kind == lex.Measure {
		f.phase = pAgo
		return
	}
	f.phase, f.cmp = pOperand, &ref{kind: schema.KindTimestamp}
}

func (m *machine) during(up string) bool {
	f := m.top()
	switch up {
	case "TODAY", "YESTERDAY":
		f.phase = pWindowEnd
	case "THIS":
		f.phase = pUnit
	case "LAST":
		f.phase = pLast
	default: // a date or an expression, of which one word is enough
		f.phase = pPeriod
	}
	return true
}

// windowEnd reads what may go on with a window, or gives the word back to what the window stands in.
func (m *machine) windowEnd(up string) bool {
	f := m.top()
	switch {
	case up == "TO" && f.phase == pPeriod:
		f.phase = pDuring
		return true
	case up == "AFTER", up == "BEFORE":
		f.phase, f.cmp = pOperand, &ref{kind: schema.KindTimestamp}
		return true
	case up == "IN" && m.nextIs("TIME"):
		f.phase = pTimeZone
		return true
	}
	if f.ret == pSel || f.ret == pAggSel {
		f.phase = f.ret
		return false
	}
	f.whole()
	return false
}

// test reads the inside of comparisons and of references to segments.
func (m *machine) test(w word) bool {
	f, up := m.top(), m.upper(w)
	switch f.phase {
	case pInSeg:
		f.phase = pSegName
		if up == "ANY" {
			f.phase = pAnySeg
		}
	case pAnySeg:
		f.phase = pSegName
	case pSegName:
		f.phase, f.said, f.cmp, f.path = pSegDone, true, nil, nil
	case pSegDone:
		return m.segmentDone(w, up)
	case pSegOf:
		f.phase, f.cmp = pOperand, &ref{kind: schema.KindTimestamp}
	case pKnown:
		f.phase = pDuration
	case pIs, pIsNot:
		m.is(up)
	case pDistinct, pOf, pWithWord:
		f.phase = pOperand
	case pHas:
		if up != "ANY" && up != "ALL" && up != "NONE" {
			f.phase = pOperand
			return false
		}
	case pIn:
		f.phase = pSegName
		return up == "SEGMENT" || up == "LIST"
	case pCmpNot:
		f.subj = deref(f.cmp, f.subj)
		f.phase = pAfter
		m.comparison(up)
	case pWhen:
		f.again()
	default: // an open bracket is missing
		f.whole()
	}
	return true
}

func deref(r *ref, or ref) ref {
	if r != nil {
		return *r
	}
	return or
}

func (m *machine) segmentDone(w word, up string) bool {
	f := m.top()
	switch {
	case m.isPunct(w, "."):
		f.phase = pSegName
	case up == "AS" && m.nextIs("OF"):
		f.phase = pSegOf
	case up == "FOR":
		f.phase = pDuration
	default:
		f.whole()
		return false
	}
	return true
}

func (m *machine) is(up string) {
	f := m.top()
	switch up {
	case "NOT":
		f.phase = pIsNot
	case "DISTINCT":
		f.phase = pDistinct
	default:
		f.whole()
	}
}

// plain reads what stands outside of conditions.
func (m *machine) plain(w word) {
	f := m.top()
	switch f.phase {
	case pTable, pName:
		f.path = []string{m.name(w)}
		f.phase = pDone
	case pDone:
		if m.isPunct(w, ".") && f.slot == slotDescribe {
			f.phase = pDot
		}
	case pAnyName:
		if ev := m.event(m.name(w)); ev != nil {
			f.sel = append(f.sel, ev)
		}
	case pNew:
		f.phase = pDone
		if f.role == roleFields || f.slot == slotType {
			f.phase = pType
		} else if f.slot == slotFields {
			f.phase = pFieldsOpen
		} else if f.slot == slotNew && m.shape[m.clause].words == "WITH" {
			f.phase = pOptionsOpen
		}
	case pType:
		f.phase = pTypeDone
		if len(m.frames) == 1 {
			f.phase = pDone
		}
	case pAlias:
		m.alias(w)
	case pTarget:
		m.assigned(w)
	case pEquals:
		if m.isPunct(w, "=") {
			t := f.target
			f.phase, f.cmp, f.said = pOperand, &t, false
		}
	case pOption:
		f.path, f.phase = []string{m.name(w)}, pOptionValue
	case pText:
		f.phase = pDone
	}
}

func (m *machine) alias(w word) {
	f := m.top()
	f.whole()
	if len(m.items) > 0 && len(m.frames) == 1 && f.slot == slotItems {
		last := &m.items[len(m.items)-1]
		last.alias = m.name(w)
		if last.end == 0 && m.pos > 0 {
			last.end = m.words[m.pos-1].Start
		}
	}
}

func (m *machine) assigned(w word) {
	f := m.top()
	if m.isPunct(w, ".") || m.isPunct(w, "=") {
		return
	}
	name := m.name(w)
	f.target = ref{name: name}
	if f.events != nil {
		f.target = property(f.events, name)
	} else if a, ok := m.sch.Attr(name); ok {
		f.target = ref{a.Type.Kind, "", a.Name}
	}
	f.phase = pEquals
}
