package complete

import (
	"slices"
	"strings"

	"github.com/musterdb/muster/query/lex"
	"github.com/musterdb/muster/storage/schema"
)

// offers collects what can stand at the cursor, the likeliest first.
type offers struct {
	*machine
	at   place
	list []Candidate
	seen map[string]bool
}

func (o *offers) add(kind, text, detail string) {
	if k := kind + " " + text; !o.seen[k] {
		o.seen[k] = true
		o.list = append(o.list, Candidate{text, kind, detail})
	}
}

// keywords offers keywords, of one word or more, parted by commas.
func (o *offers) keywords(list string) {
	for _, w := range strings.Split(list, ",") {
		o.add(KindKeyword, w, help[w])
	}
}

// signs offers operators, but not where one follows: two would make another.
func (o *offers) signs(list string) {
	if o.at.end < len(o.text) && strings.IndexByte("=<>!", o.text[o.at.end]) >= 0 {
		return
	}
	o.keywords(list)
}

func (o *offers) collect() {
	switch {
	case o.shape == nil:
		o.statements()
		return
	case o.inside > 0:
		words := strings.Fields(o.shape[o.clause].words)
		o.keywords(strings.Join(words[len(words)-o.inside:], " "))
		return
	case len(o.frames) >= lex.MaxDepth-1:
		return
	}
	if len(o.heads) > 0 && o.pos == len(o.words) {
		for _, w := range following(o.heads) {
			o.keywords(w)
		}
	}
	f := o.top()
	if !o.condition(f) && !o.behaving(f) && !o.windows(f) {
		o.names(f)
	}
}

// statements offers the words that begin one, or go on with the words that began it.
func (o *offers) statements() {
	heads := o.heads
	if len(heads) > 0 && heads[0] == "EXPLAIN" {
		o.keywords("COUNT,SELECT")
		if len(heads) == 1 && len(o.words) == 1 {
			o.keywords("ANALYZE")
		}
		return
	}
	if len(heads) > 0 {
		for _, w := range following(heads) {
			o.keywords(w)
		}
		return
	}
	for _, w := range starts {
		o.keywords(w)
		if w == "SELECT" {
			o.add(KindSnippet, "SELECT count(*) FROM contacts WHERE ", "how many contacts match")
		}
	}
}

// clauses offers the words of the clauses that can come next.
func (o *offers) clauses() {
	if len(o.frames) > 1 {
		return
	}
	for _, c := range o.shape[o.clause+1:] {
		if o.clause > 0 && c.words == "REMOVE" {
			continue
		}
		o.keywords(c.words)
		if c.need {
			return
		}
	}
	if o.shape[0].words == "CREATE EVENT" && o.top().phase == pFieldsOpen {
		o.keywords("(")
	}
}

// condition offers what stands in conditions and values; it tells whether the frame is in one.
func (o *offers) condition(f *frame) bool {
	switch f.phase {
	case pOperand:
		o.operands(f)
	case pAgg:
		o.aggregateArgument(f)
	case pAfter:
		o.afterValue(f)
	case pAggSel:
		o.keywords("WITHIN,DURING,SINCE,BEFORE")
	case pDot:
		o.afterPoint(f)
	case pIs:
		o.keywords("NULL,NOT NULL,DISTINCT FROM,NOT DISTINCT FROM")
	case pIsNot:
		o.keywords("NULL,DISTINCT FROM")
	case pDistinct:
		o.keywords("FROM")
	case pHas:
		o.values(f)
		o.keywords("ANY (,ALL (,NONE (")
	case pIn:
		o.keywords("(")
	case pCmpNot:
		o.keywords("IN (,LIKE,ILIKE,BETWEEN,STARTS WITH,ENDS WITH,CONTAINS,MATCHES")
	case pWithWord:
		o.keywords("WITH")
	case pOf, pSegOf:
		o.keywords("OF")
	case pWhen:
		o.keywords("WHEN")
	default:
		return false
	}
	return true
}

// behaving offers what follows DID and names of segments.
func (o *offers) behaving(f *frame) bool {
	switch f.phase {
	case pDid:
		o.eventNames()
		o.keywords("NOT,ANY EVENT")
	case pNthEvent:
		o.eventNames()
	case pNever:
		o.keywords("DID")
	case pAnyEvent:
		o.keywords("EVENT")
	case pSel:
		o.keywords("WITHIN,AT LEAST,DURING,SINCE,BEFORE,AT MOST,EXACTLY,MORE THAN,FEWER THAN,ONCE,TWICE,ON AT LEAST,BETWEEN")
		o.connectives(f)
	case pAt:
		o.keywords("LEAST,MOST")
	case pThan:
		o.keywords("THAN")
	case pOn:
		o.keywords("AT LEAST,AT MOST,EXACTLY,MORE THAN,FEWER THAN")
	case pCount, pBetweenA, pBetweenB:
		o.counts(f)
	case pTimes:
		o.keywords("TIMES,TIME,DAYS")
	case pBetweenAnd:
		o.keywords("AND")
	case pInSeg:
		o.keywords("SEGMENT,ANY SEGMENT (")
	case pAnySeg:
		o.keywords("SEGMENT (")
	case pSegName:
		o.segmentNames()
	case pSegDone:
		o.keywords("FOR,AS OF")
		o.connectives(f)
	case pKnown:
		o.keywords("FOR")
	default:
		return false
	}
	return true
}

func (o *offers) counts(f *frame) {
	if f.phase != pCount {
		o.durations()
	}
	for _, n := range []string{"1", "2", "3", "5", "10"} {
		o.add(KindSnippet, n, "")
	}
}

// windows offers what stands in windows.
func (o *offers) windows(f *frame) bool {
	switch f.phase {
	case pWithin:
		o.durations()
		o.keywords("NEXT")
	case pDuration:
		o.durations()
	case pWithinUnit:
		o.keywords("days,weeks,months,hours,minutes,years")
	case pWindowEnd, pPeriod:
		o.afterWindow(f)
	case pDuring:
		o.keywords("TODAY,YESTERDAY,THIS WEEK,THIS MONTH,THIS QUARTER,THIS YEAR,LAST WEEK,LAST MONTH,LAST QUARTER,LAST YEAR,LAST 30 DAYS,LAST 3 MONTHS")
		o.dates()
	case pLast, pUnit:
		o.keywords("MONTH,WEEK,DAY,QUARTER,YEAR,MONTHS,WEEKS,DAYS,QUARTERS,YEARS")
	case pBefore:
		o.dates()
		o.durations()
	case pAgo:
		o.keywords("AGO")
	case pTimeZone:
		o.keywords("TIME ZONE,ZONE")
	default:
		return false
	}
	return true
}

func (o *offers) afterWindow(f *frame) {
	if f.phase == pPeriod {
		o.keywords("TO")
	}
	if f.ret == pSel {
		o.keywords("AT LEAST,AT MOST,EXACTLY,MORE THAN,FEWER THAN")
	}
	if f.ret == pAggSel {
		o.keywords("AFTER,BEFORE")
		return
	}
	o.connectives(f)
	o.keywords("AFTER,BEFORE,IN TIME ZONE")
}

// durationUnits are offered behind a number.
var durationUnits = []struct{ unit, help string }{
	{"d", "days of 24 hours"}, {"h", "hours"}, {"m", "minutes"}, {"w", "weeks"}, {"mo", "months"}, {"q", "quarters"}, {"y", "years"}, {"s", "seconds"}, {"ms", "milliseconds"},
}

func (o *offers) durations() {
	number := o.at.prefix[:digits(o.at.prefix, 0)]
	if number != "" && len(number) < 6 {
		for _, u := range durationUnits {
			o.add(KindSnippet, number+u.unit, u.help)
		}
		return
	}
	for _, d := range []string{"30d", "7d", "90d", "14d", "1d", "24h", "1h", "3mo", "1y"} {
		o.add(KindSnippet, d, "")
	}
}

func (o *offers) dates() {
	o.add(KindFunction, "now()", "the statement's clock")
	o.add(KindFunction, "today()", "the day of the clock")
	o.add(KindSnippet, "now() - 30d", "30 days ago")
}

// connectives offers what joins a whole condition to the next one, and the clauses after it.
func (o *offers) connectives(f *frame) {
	if f.slot != slotInstant && (f.role == roleCondition || f.role == roleFilter) {
		o.keywords("AND,OR")
	}
	if f.role == roleValue && len(o.frames) == 1 {
		o.afterColumn(f)
	}
	o.clauses()
}

func (o *offers) afterColumn(f *frame) {
	switch f.slot {
	case slotItems:
		o.keywords("AS")
	case slotOrder:
		o.keywords("DESC,ASC")
	}
}

// names offers names, and what stands in statements outside of conditions.
func (o *offers) names(f *frame) {
	switch f.phase {
	case pTable:
		o.tables(f)
	case pName:
		o.namesOf(f.slot)
	case pAnyName:
		if f.role == roleSegments {
			o.segmentNames()
			return
		}
		o.eventNames()
	case pTarget:
		o.targets(f)
	case pAlias:
		if last := o.shape[len(o.shape)-1]; last.words == "AS OF" && len(o.frames) == 1 {
			o.keywords("OF")
		}
	case pEquals:
		o.signs("=")
	case pType:
		o.keywords("TEXT,INT,DECIMAL(2),BOOL,DATE,TIMESTAMP,SET,FLOAT,KEY")
	case pOption:
		o.keywords("timezone = ,schema = open,schema = strict,spread = 16")
	case pOptionValue:
		o.option(f)
	case pDone, pSorted, pFieldsOpen:
		o.clauses()
	case pOptionsOpen:
		o.keywords("(,WITH (")
	}
}

func (o *offers) option(f *frame) {
	switch strings.Join(f.path, "") {
	case "schema":
		o.keywords("open,strict")
	case "spread":
		o.keywords("1,4,16")
	case "timezone":
		for _, z := range []string{"'UTC'", "'Europe/Warsaw'", "'Europe/Berlin'", "'Europe/London'", "'America/New_York'", "'Asia/Tokyo'"} {
			o.add(KindValue, z, "")
		}
	}
}

func (o *offers) tables(f *frame) {
	o.add(KindKeyword, "contacts", "one row for each contact")
	if f.slot == slotTable {
		o.eventNames()
	}
}

func (o *offers) namesOf(s slot) {
	switch s {
	case slotEvent:
		o.eventNames()
	case slotAttribute:
		o.attributes(false, o.sch.Attrs)
	case slotSegment:
		o.segmentNames()
	case slotBase:
		for _, b := range o.machine.names.Bases {
			o.add(KindBase, nameText(b, false), "")
		}
	case slotProperty:
		if ev := o.altered(); ev != nil {
			o.properties([]*schema.EventType{ev}, false)
		}
	case slotDescribe:
		o.add(KindKeyword, "contacts", "all attributes")
		o.eventNames()
		o.segmentNames()
		o.attributes(false, slices.Concat(o.sch.Attrs, schema.SystemAttributes()))
	}
}

// altered returns the event of ALTER EVENT.
func (o *offers) altered() *schema.EventType {
	if len(o.words) < 3 {
		return nil
	}
	return o.event(o.name(o.words[2]))
}

func (o *offers) targets(f *frame) {
	if f.events != nil {
		o.declared(f.events, false)
		if o.shape[0].words == "COPY" {
			o.add(KindProperty, "contact", "the contact's id")
			o.add(KindProperty, "time", "when it was")
		}
		return
	}
	if o.shape[0].words == "COPY" {
		o.keywords("id")
	}
	o.attributes(false, o.sch.Attrs)
}
