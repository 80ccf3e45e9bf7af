package complete

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// nameText returns a name as it is written: where an expression begins (leading) reserved words are quoted.
func nameText(name string, leading bool) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if !lex.IsPlain(p) {
			return lex.Quote(name, '"')
		}
		if i == 0 && leading && lex.Lookup(p).Reserved() {
			parts[i] = lex.Quote(p, '"')
			continue
		}
		parts[i] = print.Name(ast.Ident{Name: p})
	}
	return strings.Join(parts, ".")
}

// named offers a name, in quotes if the word at the cursor is in quotes.
func (o *offers) named(kind, name string, leading bool, detail string) {
	text := nameText(name, leading)
	if o.at.quote == '"' && !strings.HasPrefix(text, `"`) {
		text = lex.Quote(name, '"')
	}
	o.add(kind, text, detail)
}

func (o *offers) attributes(leading bool, list []schema.Attribute) {
	for _, a := range list {
		o.named(KindAttribute, a.Name, leading, a.Type.String())
	}
}

// declared offers the properties that events were given.
func (o *offers) declared(events []*schema.EventType, leading bool) {
	for _, ev := range events {
		for _, p := range ev.Props {
			o.named(KindProperty, p.Name, leading, fmt.Sprintf("%s of %s", p.Type, ev.Name))
		}
	}
}

// properties offers the declared ones, then those that every event has.
func (o *offers) properties(events []*schema.EventType, leading bool) {
	o.declared(events, leading)
	for _, ev := range events {
		for _, p := range propsOf(ev)[len(ev.Props):] {
			o.named(KindProperty, p.Name, leading, fmt.Sprintf("%s of %s", p.Type, ev.Name))
		}
	}
}

func (o *offers) eventNames() {
	for i := range o.sch.Events {
		ev := &o.sch.Events[i]
		var props []string
		for _, p := range ev.Props[:min(len(ev.Props), 5)] {
			props = append(props, p.Name)
		}
		o.named(KindEvent, ev.Name, false, strings.Join(props, ", "))
	}
}

func (o *offers) segmentNames() {
	const longest = 60
	for i := range o.sch.Segments {
		s := &o.sch.Segments[i]
		detail := s.Text
		if s.Static() {
			detail = "static list of contacts"
		}
		if len(detail) > longest {
			detail = strings.ToValidUTF8(detail[:longest], "") + "…"
		}
		if !s.Building {
			o.named(KindSegment, s.Name, false, detail)
		}
	}
}

// operands offers what a condition or a value can begin with.
func (o *offers) operands(f *frame) {
	if f.cmp != nil {
		o.values(f)
	}
	if f.slot == slotOrder || f.slot == slotGroup {
		o.columns(f)
	}
	total := f.slot == slotHaving && f.role == roleCondition
	if total {
		o.functions(true)
	}
	if len(o.frames) == 1 && f.slot == slotItems && f.start {
		o.add(KindSnippet, "count(*)", "how many rows")
		o.keywords("*")
	}
	o.scopeNames(f)
	if f.cmp == nil && (f.role == roleCondition || f.role == roleFilter) && f.slot != slotHaving {
		o.conditionStarts(f)
	}
	if f.role == roleList {
		return
	}
	if !total {
		o.functions(f.events == nil || o.grouped(f))
	}
	o.functions(false)
	if f.cmp == nil && f.slot != slotInstant {
		o.keywords("CASE")
	}
	if f.cmp != nil && f.cmp.kind != schema.KindBool {
		o.keywords("NULL")
	}
}

// maxNames is how many names are offered before the keywords, so that those are not lost behind 2,000 attributes.
const maxNames = 30

func (o *offers) scopeNames(f *frame) {
	if f.events != nil {
		o.properties(f.events, true)
		o.contactNames()
		return
	}
	if f.role == roleAggregate {
		o.eventNames()
	}
	attrs := o.sch.Attrs
	if o.at.prefix == "" && f.cmp != nil {
		attrs = nil // values, not names, are compared with
	}
	if o.at.prefix == "" && len(attrs) > maxNames {
		attrs = attrs[:maxNames]
	}
	o.attributes(true, attrs)
	if f.cmp == nil || o.at.prefix != "" {
		o.attributes(true, schema.SystemAttributes())
	}
}

// contactNames offers the contact's attributes where names are properties.
func (o *offers) contactNames() {
	if len(o.at.prefix) < 3 {
		return
	}
	for _, a := range o.sch.Attrs {
		o.named(KindAttribute, "contact."+a.Name, true, a.Type.String())
	}
}

func (o *offers) conditionStarts(f *frame) {
	if f.events != nil {
		o.keywords("NOT")
		if f.role == roleCondition && len(o.frames) == 1 {
			o.keywords("contact IN (")
		}
		return
	}
	o.keywords("DID,NOT,DID NOT,NEVER DID")
	if len(o.sch.Segments) > 0 || o.at.prefix != "" {
		o.keywords("IN SEGMENT")
	}
	o.keywords("KNOWN FOR,FIRST,LAST")
	if len(o.sch.Segments) > 0 {
		o.keywords("IN ANY SEGMENT (")
	}
}

// functions offers those over events or contacts, or those of single values.
func (o *offers) functions(aggregate bool) {
	for _, f := range functions {
		if f.aggregate != aggregate {
			continue
		}
		text := f.name + "("
		if f.name == "now" || f.name == "today" {
			text = f.name + "()"
		}
		if f.name == "try_cast" {
			text = "TRY_CAST("
		}
		o.add(KindFunction, text, f.signature+": "+f.help)
	}
}

// columns offers the columns of the select list by their names, else by their numbers.
func (o *offers) columns(f *frame) {
	const longest = 80
	for i, it := range o.items {
		text := strings.TrimSpace(o.text[it.start:max(it.end, it.start)])
		switch {
		case f.slot == slotGroup && it.total, text == "*", text == "", len(text) > longest:
		case it.alias != "":
			o.named(KindSnippet, it.alias, true, text)
		case isWordOnly(text):
			o.add(KindSnippet, text, "column "+strconv.Itoa(i+1))
		default:
			o.add(KindSnippet, strconv.Itoa(i+1), text)
		}
	}
}

func isWordOnly(s string) bool { return run(s, 0) == len(s) && !isDigit(s[0]) }

// values offers what a value is often equal to.
func (o *offers) values(f *frame) {
	switch f.cmp.kind {
	case schema.KindBool:
		o.keywords("TRUE,FALSE")
	case schema.KindDate, schema.KindTimestamp:
		o.dates()
	case schema.KindDuration:
		o.durations()
	}
	if o.machine.names.Values == nil || f.cmp.name == "" || f.cmp.kind != schema.KindText && f.cmp.kind != schema.KindSet {
		return
	}
	const most, longest = 30, 200
	prefix := o.at.prefix
	for _, v := range o.machine.names.Values(f.cmp.event, f.cmp.name, prefix) {
		if len(v) <= longest && strings.IndexFunc(v, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0xfffd }) < 0 && len(o.list) < most {
			o.add(KindValue, lex.Quote(v, '\''), f.cmp.name)
		}
	}
}

// aggregateArgument offers what stands in the brackets of count, sum and the like.
func (o *offers) aggregateArgument(f *frame) {
	switch f.fn {
	case "count":
		o.eventNames()
		if o.slotOfClause() != slotCondition {
			o.keywords("*")
			o.keywords("DISTINCT")
		}
		o.keywords("ANY EVENT")
	case "days", "recency", "first", "last":
		o.eventNames()
	default:
		o.eventProperties()
	}
	if o.slotOfClause() != slotCondition {
		o.scopeNames(f)
		o.functions(true)
	}
}

func (o *offers) slotOfClause() slot { return o.shape[o.clause].slot }

// eventProperties offers event.property for what can be added up or compared.
func (o *offers) eventProperties() {
	if o.table != nil {
		return
	}
	for i := range o.sch.Events {
		ev := &o.sch.Events[i]
		for _, p := range ev.Props {
			if p.Type.Numeric() {
				o.named(KindProperty, ev.Name+"."+p.Name, false, p.Type.String())
			}
		}
	}
	o.eventNames()
}

// afterPoint offers the names behind a point.
func (o *offers) afterPoint(f *frame) {
	if f.pick != nil {
		o.properties(f.pick, false)
		return
	}
	if len(f.path) == 0 {
		return
	}
	if f.path[0] == "contact" && f.events != nil {
		o.attributes(false, o.sch.Attrs)
		return
	}
	prefix := strings.Join(f.path, ".") + "."
	if ev := o.event(f.path[0]); ev != nil {
		o.properties([]*schema.EventType{ev}, false)
	}
	for _, a := range o.sch.Attrs {
		if rest, ok := strings.CutPrefix(a.Name, prefix); ok {
			o.named(KindAttribute, rest, false, a.Type.String())
		}
	}
}

// afterValue offers operators by the type of the value, or what joins a whole condition.
func (o *offers) afterValue(f *frame) {
	switch {
	case f.between:
		o.keywords("AND")
		return
	case f.role == roleNone || f.role == roleMap || f.role == roleList:
		o.clauses()
		return
	case f.role == roleValue && len(o.frames) == 1:
		o.afterColumn(f)
		o.clauses()
		return
	case f.said || f.cmp != nil:
		o.connectives(f)
		return
	}
	o.operators(f)
	if f.subj.kind == schema.KindBool {
		o.connectives(f)
	}
}

// operators offers the comparisons that fit a type.
func (o *offers) operators(f *frame) {
	switch f.subj.kind {
	case schema.KindText:
		o.signs("=,<>")
		o.keywords("IN (,LIKE,ILIKE,CONTAINS,STARTS WITH,ENDS WITH,MATCHES,IS NULL,IS NOT NULL,IS DISTINCT FROM,NOT IN (,NOT LIKE")
	case schema.KindInt, schema.KindFloat, schema.KindDecimal:
		o.signs("=,>,>=,<,<=,<>")
		o.keywords("BETWEEN,IN (,IS NULL,IS NOT NULL,IS DISTINCT FROM")
	case schema.KindDate, schema.KindTimestamp:
		o.keywords("WITHIN,DURING,SINCE,BEFORE,WITHIN NEXT,BETWEEN,IS NULL,IS NOT NULL")
		o.signs(">=,<,=,>,<=")
	case schema.KindBool:
		o.keywords("IS NULL,IS NOT NULL")
		o.signs("=")
	case schema.KindSet:
		o.keywords("HAS,HAS ANY (,HAS ALL (,HAS NONE (,SUBSET OF,IS NULL,IS NOT NULL")
	case schema.KindKey:
		o.signs("=,<>")
		o.keywords("IN (,IS NULL,IS NOT NULL")
	case schema.KindDuration:
		o.signs(">,<,>=,<=")
		o.keywords("BETWEEN")
	default:
		o.signs("=,<>,>,<,>=,<=")
		o.keywords("IN (,BETWEEN,LIKE,IS NULL,IS NOT NULL,WITHIN,HAS")
		o.connectives(f)
	}
}
