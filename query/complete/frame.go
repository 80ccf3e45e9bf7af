package complete

import "github.com/musterdb/muster/storage/schema"

// phase is what has just been read in a frame, named by what can come next.
type phase uint8

const (
	pDone    phase = iota // the clause is whole
	pOperand              // a value or a condition
	pAfter                // what follows a value or a condition
	pDot                  // a name after a point
	pAgg                  // the argument of an aggregate
	pAggSel               // what follows a name in an aggregate
	pDid                  // an event, or NOT
	pNever                // DID
	pNthEvent
	pAnyEvent // EVENT
	pSel      // what follows the selector of a DID: how often and when
	pWithin   // a duration or NEXT
	pWithinUnit
	pWindowEnd
	pDuring
	pLast // after DURING LAST
	pUnit
	pPeriod   // after the beginning of a period
	pBefore   // an instant, or a duration and AGO
	pAgo      // AGO
	pBetweenA // BETWEEN after a selector
	pBetweenAnd
	pBetweenB
	pAt    // LEAST or MOST
	pThan  // THAN
	pOn    // after ON
	pCount // a number of times
	pTimes
	pInSeg    // SEGMENT, after IN at the beginning
	pAnySeg   // SEGMENT, after IN ANY
	pSegName  // a segment
	pSegDone  // AS OF, FOR
	pSegOf    // OF
	pKnown    // FOR
	pDuration // a duration and nothing else
	pIs
	pIsNot
	pDistinct // FROM
	pHas
	pIn
	pCmpNot   // IN, LIKE …
	pWithWord // WITH, after STARTS and ENDS
	pOf       // OF, after SUBSET
	pWhen     // WHEN, after CASE
	pTimeZone // TIME ZONE
	pAlias    // a new name after AS
	pSorted   // after DESC
	pTable    // contacts or an event
	pName     // a name that exists; the frame's slot says of what
	pAnyName  // a name in a list of them
	pNew      // a name that does not exist yet
	pTarget   // the left side of an assignment
	pEquals
	pType
	pTypeDone
	pFieldsOpen // the bracket before fields
	pOptionsOpen
	pOption
	pOptionValue
	pText // an id, a file, a number: nothing to offer
)

// role is what stands in a bracket.
type role uint8

const (
	roleCondition role = iota
	roleValue          // of a select list, or an argument
	roleAggregate
	roleFilter
	roleEvents
	roleList
	roleSegments
	roleFields
	roleMap
	roleOptions
	roleIDs
	roleNone
)

// ref is a value that has been read: its type, and where its frequent values are.
type ref struct {
	kind  schema.Kind // KindNull if it is not known
	event string      // of a property
	name  string      // of an attribute or a property
}

// frame is the state of one open bracket, the outermost that of the clause.
type frame struct {
	role  role
	slot  slot
	phase phase
	ret   phase // after a window

	events []*schema.EventType // whose properties names are; nil in a condition over contacts
	path   []string            // the parts of the name that was read
	subj   ref                 // the last value
	cmp    *ref                // what is being compared
	pick   []*schema.EventType // after first(x) and last(x)
	sel    []*schema.EventType // the events that a selector names
	fn     string              // of roleAggregate and of arguments
	target ref                 // of an assignment

	said    bool // a condition is whole: AND, OR
	between bool // the AND of a BETWEEN is still to come
	start   bool // nothing has been read since the bracket, the comma or the clause
}

// wantsOperand tells whether something must come before a clause can end.
func (f *frame) wantsOperand() bool {
	switch f.phase {
	case pDone, pAfter, pSel, pSegDone, pWindowEnd, pSorted, pAggSel, pPeriod, pTypeDone, pFieldsOpen, pOptionsOpen:
		return false
	}
	return f.phase != pAlias
}

// baseFrame returns the frame of a clause.
func (m *machine) baseFrame(s slot) frame {
	f := frame{slot: s, start: true, phase: pDone}
	if m.table != nil {
		f.events = []*schema.EventType{m.table}
	}
	switch s {
	case slotCondition, slotHaving:
		f.phase = pOperand
	case slotItems, slotGroup, slotOrder:
		f.role, f.phase = roleValue, pOperand
	case slotInstant:
		f.role, f.phase, f.cmp = roleValue, pOperand, &ref{kind: schema.KindTimestamp}
	case slotTable, slotContacts:
		f.phase = pTable
	case slotEvent, slotAttribute, slotSegment, slotBase, slotProperty, slotDescribe:
		f.phase = pName
	case slotNew, slotType, slotFields:
		f.phase = pNew
	case slotID, slotIDs, slotFile, slotNumber:
		f.phase = pText
	case slotAssign:
		f.role, f.phase = roleMap, pTarget
	case slotOptions:
		f.phase = pOptionsOpen
	case slotDuration:
		f.phase = pDuration
	}
	return f
}
