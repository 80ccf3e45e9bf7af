package complete

import (
	"strings"

	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// step reads one word. Phases that a word cannot follow are left as if the condition were whole, and the word
// is read again.
func (m *machine) step(w word) {
	for range 3 { // at most two phases end before a word
		if m.read(w) {
			break
		}
	}
	if w.Kind != lex.Punct || strings.IndexByte("([,", m.text[w.Start]) < 0 {
		m.top().start = m.top().start && m.upper(w) == "DISTINCT"
	}
}

// read reads a word in the phase of the innermost frame; false asks to read it again in the new phase.
func (m *machine) read(w word) bool {
	f := m.top()
	if w.Kind == lex.Punct && !w.comment && m.bracket(w) {
		return true
	}
	switch f.phase {
	case pOperand, pAgg:
		return m.operand(w)
	case pAfter, pAggSel, pSel:
		return m.after(w)
	case pDot:
		m.dotted(w)
	case pTable, pName, pAnyName, pNew, pAlias, pTarget, pEquals, pType, pTypeDone, pText, pDone, pOption, pOptionValue, pSorted:
		m.plain(w)
	case pDid, pNever, pNthEvent, pAnyEvent, pAt, pThan, pOn, pCount, pTimes, pBetweenA, pBetweenAnd, pBetweenB:
		return m.behaviour(w)
	case pWithin, pWithinUnit, pWindowEnd, pDuring, pLast, pUnit, pPeriod, pBefore, pAgo, pDuration, pTimeZone:
		return m.window(w)
	default:
		return m.test(w)
	}
	return true
}

// whole ends a condition that needs no more.
func (f *frame) whole() {
	f.phase, f.said, f.subj, f.cmp, f.pick = pAfter, true, ref{}, nil, nil
}

// value ends a value.
func (f *frame) value(r ref) {
	f.phase, f.subj, f.pick = pAfter, r, nil
	f.path = nil
}

// again begins a new term.
func (f *frame) again() {
	f.phase, f.said, f.between, f.cmp, f.subj, f.pick, f.path = pOperand, false, false, nil, ref{}, nil, nil
}

// bracket reads brackets and commas, which mean the same in most phases.
func (m *machine) bracket(w word) bool {
	switch m.text[w.Start] {
	case '(', '[':
		m.push(w)
	case ')', ']':
		m.pop()
	case ',':
		m.comma(w)
	default:
		return false
	}
	return true
}

// maxFrames bounds the brackets that are told apart; deeper ones are no statement.
const maxFrames = 256

// push opens a bracket: what stands before it says what stands in it.
func (m *machine) push(w word) {
	f := m.top()
	if len(m.frames) >= maxFrames {
		return
	}
	in := frame{role: f.role, slot: f.slot, events: f.events, phase: pOperand, start: true}
	switch {
	case m.text[w.Start] == '[':
		in.role, in.events = roleFilter, f.sel
		if in.events == nil {
			in.events = []*schema.EventType{}
		}
	case f.phase == pDid || f.phase == pNthEvent || f.phase == pAgg && f.fn != "":
		in.role, in.phase = roleEvents, pAnyName
	case f.phase == pSegName:
		in.role, in.phase = roleSegments, pAnyName
	case f.phase == pFieldsOpen || f.slot == slotFields:
		in.role, in.phase = roleFields, pNew
	case f.phase == pOptionsOpen:
		in.role, in.phase = roleOptions, pOption
	case f.phase == pDone && (f.slot == slotEvent || f.slot == slotFile || f.slot == slotID || f.slot == slotInstant || f.slot == slotNew):
		m.pushMap(&in, f)
	case (f.phase == pAfter || f.phase == pAggSel) && len(f.path) == 1:
		m.pushCall(&in, f)
	case f.phase == pIn || f.phase == pHas:
		in.role, in.cmp = roleList, f.cmp
		if f.events != nil && f.cmp != nil && f.cmp.name == "contact" {
			in.role, in.events, in.cmp = roleCondition, nil, nil
		}
	case f.phase == pOperand:
		in.cmp = f.cmp
	default:
		in.role = roleNone
	}
	m.frames = append(m.frames, in)
}

// pushMap opens the assignments of TRACK and COPY, or the ids of a static segment.
func (m *machine) pushMap(in *frame, f *frame) {
	if f.slot == slotNew {
		in.role, in.phase = roleIDs, pText
		return
	}
	in.role, in.phase = roleMap, pTarget
	in.events = nil
	if ev := m.target(); ev != nil {
		in.events = []*schema.EventType{ev}
	}
}

// target returns the event whose properties are assigned, or nil if they are attributes.
func (m *machine) target() *schema.EventType {
	for i, w := range m.words {
		if up := m.upper(w); (up == "TRACK" || up == "COPY") && i+1 < len(m.words) {
			return m.event(m.name(m.words[i+1]))
		}
	}
	return nil
}

// pushCall opens the brackets of a function.
func (m *machine) pushCall(in *frame, f *frame) {
	name := strings.ToLower(f.path[0])
	in.fn, in.role, in.cmp = name, roleValue, nil
	f.fn = ""
	if fn := functionNamed(name); fn != nil && fn.aggregate {
		in.role, in.phase = roleAggregate, pAgg
		if m.grouped(f) {
			m.total()
		}
	}
}

// grouped tells whether an aggregate here is over contacts or events, not over one contact's.
func (m *machine) grouped(f *frame) bool {
	return f.slot == slotItems || f.slot == slotHaving || f.slot == slotOrder
}

// total marks the column that is being read.
func (m *machine) total() {
	if len(m.items) > 0 && m.top().slot == slotItems {
		m.items[len(m.items)-1].total = true
	}
}

// pop closes a bracket and says to the frame round it what it was.
func (m *machine) pop() {
	if len(m.frames) == 1 {
		m.top().whole()
		return
	}
	in := *m.top()
	m.frames = m.frames[:len(m.frames)-1]
	f := m.top()
	switch in.role {
	case roleFilter: // the phase is what it was after the selector
	case roleEvents:
		f.sel, f.phase = in.sel, pSel
		if f.role == roleAggregate {
			f.phase = pAggSel
		}
	case roleFields, roleMap, roleOptions, roleIDs:
		f.phase = pDone
	case roleList, roleSegments:
		f.whole()
	case roleAggregate:
		m.popCall(f, &in)
	default:
		if in.fn != "" {
			m.popCall(f, &in)
		} else if in.said || f.phase == pIn {
			f.whole()
		} else {
			f.value(in.subj)
		}
	}
}

func (m *machine) popCall(f, in *frame) {
	r := in.subj
	if fn := functionNamed(in.fn); fn != nil && fn.result != schema.KindNull {
		r = ref{kind: fn.result}
	}
	f.value(ref{kind: r.kind})
	if in.fn == "first" || in.fn == "last" {
		f.pick = in.sel
	}
}

// comma begins the next of a list.
func (m *machine) comma(w word) {
	f := m.top()
	switch f.role {
	case roleEvents, roleSegments:
		f.phase = pAnyName
	case roleFields:
		f.phase = pNew
	case roleMap:
		f.phase, f.cmp = pTarget, nil
	case roleOptions:
		f.phase = pOption
	case roleIDs, roleNone:
		f.phase = pText
	case roleList:
		cmp := f.cmp
		f.again()
		f.cmp = cmp
	default:
		if f.slot == slotIDs {
			f.phase = pText
			return
		}
		if len(m.frames) == 1 {
			m.endItem(w.Start)
		}
		f.again()
	}
	f.start = true
}

// operand reads the beginning of a value or a condition.
func (m *machine) operand(w word) bool {
	f := m.top()
	if f.start && len(m.frames) == 1 && f.slot == slotItems && m.upper(w) != "DISTINCT" {
		m.items = append(m.items, item{start: w.Start})
	}
	switch w.Kind {
	case lex.Ident:
		if p, ok := m.operandWord(m.upper(w)); ok {
			f.phase = p
			return true
		}
		m.operandName(m.name(w))
	case lex.Quoted:
		m.operandName(m.name(w))
	case lex.Measure:
		if isOrdinal(m.text[w.Start:w.End]) {
			f.phase = pNthEvent
			return true
		}
		f.value(ref{kind: schema.KindDuration})
		f.said = f.said || f.cmp != nil
	case lex.Punct:
		if m.isPunct(w, "*") {
			f.value(ref{kind: schema.KindInt})
		}
	default:
		f.value(ref{})
		f.said = f.said || f.cmp != nil && !f.between
	}
	return true
}

func isOrdinal(s string) bool {
	switch strings.ToUpper(s[max(0, len(s)-2):]) {
	case "ST", "ND", "RD", "TH":
		return true
	}
	return false
}

// operandWord returns the phase after a keyword that begins a condition or a value.
func (m *machine) operandWord(up string) (phase, bool) {
	f := m.top()
	switch up {
	case "NOT", "DISTINCT":
		return f.phase, true
	case "DID":
		return pDid, true
	case "NEVER":
		return pNever, true
	case "IN":
		return pInSeg, true
	case "KNOWN":
		return pKnown, m.nextIs("FOR")
	case "CASE":
		return pWhen, true
	case "FIRST", "LAST":
		return pNthEvent, f.cmp == nil && f.role != roleAggregate && m.nameNext()
	case "ANY":
		f.sel = m.allEvents()
		return pAnyEvent, f.role == roleAggregate && m.nextIs("EVENT")
	case "TRUE", "FALSE", "NULL":
		f.value(ref{})
		f.said = f.cmp != nil
		return pAfter, true
	case "AND", "OR", "WHEN", "THEN", "ELSE": // the value before it is missing
		f.again()
		return pOperand, true
	}
	word := lex.Lookup(up)
	return f.phase, word.Reserved() && !word.Soft() && word != lex.Has
}

// nextIs tells whether a word comes next, or nothing yet.
func (m *machine) nextIs(up string) bool {
	return m.pos+1 >= len(m.words) || m.upper(m.words[m.pos+1]) == up
}

// nameNext tells whether a name comes next, or nothing yet.
func (m *machine) nameNext() bool {
	if m.pos+1 >= len(m.words) {
		return true
	}
	w := m.words[m.pos+1]
	up := m.upper(w)
	return w.Kind == lex.Quoted || up != "" && !lex.Lookup(up).Reserved() && up != "WITHIN" && up != "DURING" && up != "SINCE" && up != "BEFORE"
}

func (m *machine) allEvents() []*schema.EventType {
	out := make([]*schema.EventType, len(m.sch.Events))
	for i := range m.sch.Events {
		out[i] = &m.sch.Events[i]
	}
	return out
}

// operandName reads the first part of a name.
func (m *machine) operandName(name string) {
	f := m.top()
	f.path = []string{name}
	f.sel = nil
	if ev := m.event(name); ev != nil {
		f.sel = []*schema.EventType{ev}
	}
	f.subj, f.pick = m.resolve(f, f.path), nil
	f.said = f.said || f.cmp != nil && !f.between
	f.phase = pAfter
	if f.role == roleAggregate {
		f.phase = pAggSel
	}
}

// resolve returns what a name stands for.
func (m *machine) resolve(f *frame, path []string) ref {
	name := strings.Join(path, ".")
	events := f.events
	if events != nil && path[0] == "contact" && len(path) > 1 {
		name, events = strings.Join(path[1:], "."), nil
	}
	if events != nil {
		return property(events, name)
	}
	if a, ok := m.sch.Attr(name); ok {
		return ref{a.Type.Kind, "", a.Name}
	}
	if len(path) > 1 {
		if ev := m.event(path[0]); ev != nil {
			return property([]*schema.EventType{ev}, strings.Join(path[1:], "."))
		}
	}
	return ref{}
}

// property returns a property of the first of the events that has it.
func property(events []*schema.EventType, name string) ref {
	for _, ev := range events {
		for _, p := range propsOf(ev) {
			if p.Name == name {
				return ref{p.Type.Kind, ev.Name, p.Name}
			}
		}
	}
	return ref{}
}

// propsOf returns the properties of an event, the pseudo-properties last.
func propsOf(ev *schema.EventType) []schema.Property {
	out := append([]schema.Property(nil), ev.Props...)
	for id := schema.PropTime; id <= schema.PropContact; id++ {
		p, _ := schema.PseudoProp(id)
		out = append(out, p)
	}
	return out
}

// maxParts bounds the parts of a name that are looked up.
const maxParts = 8

// dotted reads a name after a point.
func (m *machine) dotted(w word) {
	f := m.top()
	name := m.name(w)
	if f.pick != nil {
		f.value(property(f.pick, name))
		return
	}
	if len(f.path) < maxParts {
		f.path = append(f.path, name)
	}
	f.subj = m.resolve(f, f.path)
	f.phase = pAfter
	if f.role == roleAggregate {
		f.phase = pAggSel
	}
	if f.slot == slotDescribe {
		f.phase = pDone
	}
}
