// Package plan owns the bound form of a statement: names are ids, literals are values of known types,
// windows are instants, and everything that can be an error of the text has been one. A plan is what
// travels from the coordinator to every shard. It does not know how rows are stored or scanned.
package plan

import (
	"math"

	"github.com/musterdb/muster/storage/schema"
)

// Type is the type of an expression. Quotient marks the result of a division (and of avg): a rational
// number that compares exactly and prints with Scale decimals.
type Type struct {
	schema.Type
	Quotient bool
}

// Of returns the plain type of a kind.
func Of(kind schema.Kind) Type { return Type{Type: schema.Type{Kind: kind}} }

// Expr is a bound expression. A condition is an Expr of kind BOOL under three-valued logic.
//
// Which row it is asked of depends on where it stands: in a WHERE or a select list over contacts it is
// asked of a contact; inside a selector's Filter, and in a statement over an event type, of an event,
// where Attr means the event's contact.
type Expr interface{ Type() Type }

// Const is a constant. A number literal keeps its exact value; NULL has KindNull.
type Const struct {
	Value schema.Value
	T     Type
}

// Attr is an attribute of the contact.
type Attr struct {
	ID schema.AttrID
	T  Type
}

// Prop is a property of the event at hand. For a union the id depends on the type; a type that lacks
// the property has no entry and the value is null.
type Prop struct {
	Name    string
	ByEvent map[schema.EventID]schema.PropID
	T       Type
}

// ArithOp is + - * /.
type ArithOp uint8

// The arithmetic operators.
const (
	Add ArithOp = iota
	Sub
	Mul
	Div
)

// Arith is x op y over numbers (exact), or over instants, days and durations:
// TIMESTAMP ± DURATION, DATE ± DURATION (whole days, else a TIMESTAMP), TIMESTAMP − TIMESTAMP,
// DATE − DATE, DURATION ± DURATION, DURATION * number, DURATION / number, DURATION / DURATION.
// A division by zero is null.
type Arith struct {
	Op   ArithOp
	X, Y Expr
	T    Type
}

// AddCalendar is x + N months in the base's zone, clamped to the month's end; N may be negative. x is a
// DATE or a TIMESTAMP.
type AddCalendar struct {
	X      Expr
	Months int
	T      Type
}

// Neg is −x.
type Neg struct {
	X Expr
	T Type
}

// Fn is a function of single values.
type Fn uint8

// The functions.
const (
	FnCoalesce Fn = iota
	FnAbs
	FnRound    // round(x [, decimals]): half away from zero
	FnLeast    // null if any argument is null
	FnGreatest // null if any argument is null
	FnLower    // Unicode, by embedded tables
	FnUpper
	FnLength    // in code points
	FnDomain    // the part of an e-mail address after the last @, lower case; null without one
	FnDateTrunc // date_trunc(unit, x): Args[0] is a constant text
	FnHour
	FnWeekday // Monday is 1, Sunday 7
	FnDay
	FnMonth
	FnYear
	FnYearsSince // whole years from x to the clock, by days of the base's zone
	FnBucket     // bucket(salt): needs the contact's id
	FnSize       // elements of a set
	FnVersion    // version(text): compared component by component; only inside Cmp
	FnDistanceKM
)

// Call applies a function.
type Call struct {
	Fn   Fn
	Args []Expr
	T    Type
}

// When is one arm of a Case.
type When struct{ Cond, Then Expr }

// Case is the first arm whose condition is true, else Else (a null Const if absent).
type Case struct {
	Whens []When
	Else  Expr
	T     Type
}

// AnyScale is the scale of a Cast to a number that keeps as many decimals as the text has.
const AnyScale = 255

// Cast is TRY_CAST(x AS type): null where x does not fit. Must is set by the loader, which maps columns
// of text to typed ones: what does not fit is then an error of its row, and an empty text is null.
type Cast struct {
	X    Expr
	T    Type
	Must bool
}

// And is the three-valued conjunction; it has at least two terms.
type And struct{ Terms []Expr }

// Or is the three-valued disjunction; it has at least two terms.
type Or struct{ Terms []Expr }

// Not is the three-valued negation.
type Not struct{ X Expr }

// CmpOp is a comparison.
type CmpOp uint8

// The comparisons.
const (
	Eq CmpOp = iota
	Ne
	Lt
	Le
	Gt
	Ge
)

// Cmp compares two expressions of comparable types: number with number by exact value, text with text
// bytewise, and each other kind with its own. Version compares version(x) with version(y) or a text.
type Cmp struct {
	Op      CmpOp
	X, Y    Expr
	Version bool
}

// In is x IN (values). NULL among the written values sets HasNull: a miss is then unknown.
type In struct {
	X       Expr
	Values  []schema.Value // without nulls, of types comparable with X, in no order
	HasNull bool
}

// IsNull is never unknown.
type IsNull struct{ X Expr }

// IsDistinct is x IS DISTINCT FROM y: never unknown, null equals null.
type IsDistinct struct{ X, Y Expr }

// MatchOp is a text test.
type MatchOp uint8

// The text tests.
const (
	Like    MatchOp = iota // % any run, _ any one code point; no escape character
	ILike                  // the same under Unicode simple case folding
	Matches                // RE2, unanchored
	StartsWith
	EndsWith
	Contains
)

// Match tests a text against a constant pattern.
type Match struct {
	Op      MatchOp
	X       Expr
	Pattern string
}

// SetMode says how a set is tested.
type SetMode uint8

// The set tests.
const (
	SetAny SetMode = iota
	SetAll
	SetNone
)

// SetHas tests a set against constant texts; a null set is unknown.
type SetHas struct {
	X      Expr
	Mode   SetMode
	Values []string
}

// SetCmp tests a set against another set of the same row: HAS ANY|ALL|NONE set, SUBSET OF.
type SetCmp struct {
	Mode   SetMode
	Subset bool // x SUBSET OF y; Mode is not used
	X, Y   Expr
}

// Selector names events of one contact.
type Selector struct {
	Events []schema.EventID // in creation order, at least one
	Filter Expr             // over the event; nil takes all. Unknown does not match
	// Keep is the earliest instant in ms, per event type with a retention, whose events count: those before it
	// are past their time even where they are still stored. It narrows every window, and the history in which
	// Nth counts. Nil if no type has one.
	Keep map[schema.EventID]int64
}

// Window is a closed range of instants in ms: From ≤ time ≤ To. To is never later than the clock: the
// statement's, or in the condition of a segment that of its reference, which may be the later one. The whole
// history is From = MinTime.
type Window struct{ From, To int64 }

// MinTime is the From of a window without a beginning.
const MinTime = math.MinInt64

// Whole says whether the window is the whole history up to To.
func (w Window) Whole() bool { return w.From == MinTime }

// Empty says whether no instant lies in the window.
func (w Window) Empty() bool { return w.From > w.To }

// Did is true where the number of matching events (or of distinct days with one) in the window lies in
// [Min, Max]. DID NOT is Max = 0. Never unknown.
type Did struct {
	Sel      *Selector
	Window   Window
	Min, Max uint64 // Max = math.MaxUint64 without an upper bound
	Days     bool
}

// Nth is true where the N-th matching event in total order over all history up to the clock exists and
// lies in the window; N = 0 is the last. Never unknown.
type Nth struct {
	Sel    *Selector
	N      uint64
	Window Window
}

// AggFn is an aggregate over one contact's events.
type AggFn uint8

// The aggregates.
const (
	AggCount AggFn = iota
	AggSum
	AggAvg
	AggMin
	AggMax
	AggDistinct // distinct non-null values of the property
	AggDays     // distinct days of the base's zone
	AggFirst    // the property of the first event in total order
	AggLast     // the property of the last event in total order
	AggRecency  // clock − time of the last matching event, a DURATION
)

// Agg is one value of one contact: over no events count, distinct and days are 0, the rest is null.
// sum, avg, min, max and distinct leave null properties out; first and last do not.
type Agg struct {
	Fn     AggFn
	Sel    *Selector
	Prop   *Prop // nil for count, days and recency
	Window Window
	T      Type
}

// IsTrue is true where X is true, else false, never unknown: a set of contacts, as a reference to a plain
// segment is. X is asked of the contact, also where the IsTrue stands in a condition over an event.
type IsTrue struct{ X Expr }

// Member is true where the contact is in a static segment, whose members have a value in the attribute
// Attr (the instant of adding). Never unknown. Asked of the contact wherever it stands.
type Member struct{ Attr schema.AttrID }

// TotalFn is an aggregate over the rows of a group: contacts, or events in a statement over an event type.
type TotalFn uint8

// The totals. All but TotalRows leave rows out whose X is null.
const (
	TotalRows     TotalFn = iota // count(*); X is nil
	TotalCount                   // count(x)
	TotalDistinct                // count(DISTINCT x), distinct(x): by value, as = compares
	TotalSum                     // exact; null over nothing
	TotalAvg                     // a Quotient, or FLOAT; null over nothing
	TotalMin                     // any type with an order; null over nothing
	TotalMax
)

// Total is one aggregate over the rows of a group.
type Total struct {
	Fn TotalFn
	X  Expr // of a row
	T  Type // of the result
}

// GroupRef is the value of Query.Group[Index] for the group at hand; TotalRef that of Query.Totals[Index].
// They stand in Items and Having of a grouped query, where nothing else depends on a row.
type GroupRef struct {
	Index int
	T     Type
}

// TotalRef is the value of a total for the group at hand.
type TotalRef struct {
	Index int
	T     Type
}

// Item is one column of an answer.
type Item struct {
	Name string
	X    Expr
}

// Order is one term of ORDER BY, an index into Items; nulls are last, up and down. Ties between contacts are
// broken by contact id, between events by contact id, then time, then arrival.
// Items after Query.Visible exist for ordering only and are not part of the answer.
type Order struct {
	Item int
	Desc bool
}

// Query is COUNT or SELECT, bound.
type Query struct {
	Base   schema.BaseID
	Schema uint64         // version it was bound to
	Clock  int64          // ms; the statement's clock
	Zone   string         // the base's zone, for hour, weekday, day, date_trunc, days
	From   schema.EventID // 0: contacts
	// KeepFrom is the earliest instant in ms whose events of From count, as Selector.Keep; 0 without a retention.
	KeepFrom int64
	Where    Expr // nil: all
	Count    bool // answer with the number of rows; Items is empty
	// Grouped makes one row for each combination of values of Group among the rows that satisfy Where (null is
	// a value of its own; values group as = compares), or exactly one row, even over nothing, if Group is empty.
	// Items, Having and Order are then of groups. Groups come in the order of Group's values, nulls last, unless
	// Order says otherwise, which ties by that order.
	Grouped bool
	Group   []Expr  // of a row
	Totals  []Total // each once, however often it is used
	Having  Expr    // nil: all groups; of a group
	Items   []Item
	// Visible is how many of Items are answered.
	Visible int
	Order   []Order
	Limit   int64 // −1: none
}

// Type returns BOOL.
func (x *IsTrue) Type() Type { return boolType }

// Type returns BOOL.
func (x *Member) Type() Type { return boolType }

// Type returns the type of the group's term.
func (x *GroupRef) Type() Type { return x.T }

// Type returns the type of the total.
func (x *TotalRef) Type() Type { return x.T }

var boolType = Of(schema.KindBool)

// Type returns the expression's type.
func (x *Const) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Attr) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Prop) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Arith) Type() Type { return x.T }

// Type returns the expression's type.
func (x *AddCalendar) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Neg) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Call) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Case) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Cast) Type() Type { return x.T }

// Type returns the expression's type.
func (x *Agg) Type() Type { return x.T }

// Type returns BOOL.
func (x *And) Type() Type { return boolType }

// Type returns BOOL.
func (x *Or) Type() Type { return boolType }

// Type returns BOOL.
func (x *Not) Type() Type { return boolType }

// Type returns BOOL.
func (x *Cmp) Type() Type { return boolType }

// Type returns BOOL.
func (x *In) Type() Type { return boolType }

// Type returns BOOL.
func (x *IsNull) Type() Type { return boolType }

// Type returns BOOL.
func (x *IsDistinct) Type() Type { return boolType }

// Type returns BOOL.
func (x *Match) Type() Type { return boolType }

// Type returns BOOL.
func (x *SetHas) Type() Type { return boolType }

// Type returns BOOL.
func (x *SetCmp) Type() Type { return boolType }

// Type returns BOOL.
func (x *Did) Type() Type { return boolType }

// Type returns BOOL.
func (x *Nth) Type() Type { return boolType }
