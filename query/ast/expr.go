// Package ast owns the syntax tree of the segment language: what was written, with its positions, and
// nothing of what it means. Text, JSON tree and English sentence are views of it. Nodes are plain data;
// a tree is not changed once the parser has returned it.
package ast

import (
	"strings"

	"github.com/musterdb/muster/query/diag"
)

// Span is where a node stands in the statement's text.
type Span = diag.Span

// Ident is one name as written, unquoted.
type Ident struct {
	Name   string
	Quoted bool // written as "…": never a keyword, printed quoted if it must be
	At     Span
}

// Expr is a condition or an expression: one sum type, because every expression may stand where a
// condition may and the binder tells them apart by type.
type Expr interface {
	Span() Span
	expr()
}

// LitKind is the kind of a literal.
type LitKind uint8

// The kinds of literals.
const (
	LitNull     LitKind = iota
	LitBool             // Text is TRUE or FALSE
	LitInt              // digits
	LitDecimal          // digits with a point
	LitFloat            // with an exponent
	LitText             // Text is the value, unescaped
	LitDuration         // Text is the canonical form, such as 30d or 0.25h
	LitPercent          // a number followed by PERCENT; Text is the number
)

// Literal is a constant. Numbers keep their text, so that no digit is lost before the type is known.
type Literal struct {
	Kind LitKind
	Text string
	At   Span
}

// Param is $1 or $name.
type Param struct {
	Name string // without $
	At   Span
}

// Name is a possibly dotted name: an attribute, a property, contact.city, alias.x, stack.languages.
type Name struct {
	Parts []Ident
}

// Op is an operator.
type Op uint8

// The operators, loosest first.
const (
	OpOr Op = iota
	OpAnd
	OpNot
	OpEq
	OpNe
	OpLt
	OpLe
	OpGt
	OpGe
	OpLike
	OpILike
	OpMatches
	OpStartsWith
	OpEndsWith
	OpContains
	OpAdd
	OpSub
	OpMul
	OpDiv
	OpNeg
)

var opText = [...]string{
	"OR", "AND", "NOT", "=", "<>", "<", "<=", ">", ">=", "LIKE", "ILIKE", "MATCHES",
	"STARTS WITH", "ENDS WITH", "CONTAINS", "+", "-", "*", "/", "-",
}

// String returns the operator as it is written.
func (o Op) String() string { return opText[o] }

// Unary is NOT x or -x.
type Unary struct {
	Op Op // OpNot or OpNeg
	X  Expr
	At Span
}

// Binary is x op y. Not is set for x NOT LIKE y and its kind (OpLike … OpContains).
type Binary struct {
	Op   Op
	Not  bool
	X, Y Expr
	OpAt Span
}

// Paren is an expression in brackets. It is kept because mixed AND and OR without brackets is an error,
// and because AS OF after a bracketed reference belongs to the statement.
type Paren struct {
	X  Expr
	At Span
}

// Between is x [NOT] BETWEEN lo AND hi.
type Between struct {
	X, Lo, Hi Expr
	Not       bool
	At        Span
}

// In is x [NOT] IN (a, b, …) or, where List is set, x [NOT] IN LIST name. In a statement over an event
// contact IN (…) may hold one condition over contacts instead of values.
type In struct {
	X      Expr
	Values []Expr
	List   *Ident
	Not    bool
	At     Span
}

// IsNull is x IS [NOT] NULL.
type IsNull struct {
	X   Expr
	Not bool
	At  Span
}

// IsDistinct is x IS [NOT] DISTINCT FROM y.
type IsDistinct struct {
	X, Y Expr
	Not  bool
	At   Span
}

// HasMode says how HAS compares a set with values.
type HasMode uint8

// The modes of HAS.
const (
	HasOne HasMode = iota
	HasAny
	HasAll
	HasNone
)

// Has is x HAS v, x HAS ANY|ALL|NONE (v, …) or x HAS ANY|ALL|NONE set (then Values has that one
// expression and Bracketed is false).
type Has struct {
	X         Expr
	Mode      HasMode
	Values    []Expr
	Bracketed bool
	At        Span
}

// SubsetOf is x SUBSET OF y.
type SubsetOf struct {
	X, Y Expr
	At   Span
}

// InWindow is a date or an instant tested by a window: signup_at WITHIN 30d.
type InWindow struct {
	X      Expr
	Window *Window
}

// Call is a plain function of single values: lower(x), now(), bucket('salt').
type Call struct {
	Fn   Ident
	Args []Expr
	At   Span
}

// Aggregate is count, sum, first, … over events of one contact, or, in a select list, over contacts:
//
//	fn ( selector [ . prop ] [ window ] { , option } ) [ . prop ] [ window ]
//
// Exactly one of Star, Sel and Arg is set. A bare name or dotted name is kept as Sel with Prop holding
// the rest; whether it is an attribute or an event's property is for the binder to say.
type Aggregate struct {
	Fn       Ident // lower case: count sum avg min max distinct days first last recency …
	Star     bool  // count(*)
	Distinct bool  // count(DISTINCT x)
	Sel      *Selector
	Prop     []Ident // before the closing bracket
	Arg      Expr    // an argument that is no selector: sum(ltv * 2), sum(sum(…))
	Options  []Expr  // after a comma: largest(x.p, 3); a bare STRICT is a Name
	Pick     []Ident // after the closing bracket: first(x).time
	Window   *Window // inside or after the brackets; the printer writes it inside
	At       Span
}

// When is one arm of a CASE.
type When struct{ Cond, Then Expr }

// Case is CASE WHEN c THEN x … [ELSE y] END.
type Case struct {
	Whens []When
	Else  Expr
	At    Span
}

// TypeName is a type as written, such as DECIMAL(2).
type TypeName struct {
	Name string
	Args []int
	At   Span
}

// TryCast is TRY_CAST(x AS type): null where x does not fit.
type TryCast struct {
	X    Expr
	Type TypeName
	At   Span
}

// Selector names events: purchase, (open, click), ANY EVENT, each with an optional [condition].
type Selector struct {
	Events []Ident // empty for ANY EVENT
	Any    bool
	Filter Expr // nil without brackets
	At     Span
}

// Bound is the comparison of a frequency.
type Bound uint8

// The bounds. ONCE and TWICE alone, and BETWEEN, are BoundExactly and BoundBetween.
const (
	BoundAtLeast Bound = iota
	BoundAtMost
	BoundExactly
	BoundMoreThan
	BoundFewerThan
	BoundBetween
)

// Frequency is AT LEAST 3 TIMES, ONCE, BETWEEN 2 AND 5 TIMES, ON AT LEAST 5 DAYS.
type Frequency struct {
	Bound Bound
	N, M  uint64 // M is the upper end of BETWEEN
	Days  bool   // counts distinct days, not events
	At    Span
}

// Did is DID [NOT] or NEVER DID over a selector.
type Did struct {
	Not, Never bool
	Sel        *Selector
	Freq       *Frequency
	Window     *Window
	At         Span
}

// Nth is FIRST|LAST|2ND selector window.
type Nth struct {
	N      uint64 // 1 is FIRST; 0 is LAST
	Sel    *Selector
	Window *Window
	At     Span
}

// KnownFor is KNOWN FOR d.
type KnownFor struct {
	Duration *Literal
	At       Span
}

// SegmentName names a segment, or a part of a waterfall.
type SegmentName struct {
	Name Ident
	Part *Ident // nil without .part
}

// InSegment is IN SEGMENT name [AS OF instant | FOR duration], or IN ANY SEGMENT (name, …). NOT before it is
// a Unary.
type InSegment struct {
	Names []SegmentName // one, unless Any
	Any   bool
	AsOf  Expr
	For   *Literal
	At    Span
}

// WindowKind says which form a window has.
type WindowKind uint8

// The kinds of windows.
const (
	WinWithin       WindowKind = iota // WITHIN D
	WinWithinAfter                    // WITHIN D AFTER X
	WinWithinBefore                   // WITHIN D BEFORE X
	WinWithinNext                     // WITHIN NEXT D
	WinBetweenAgo                     // BETWEEN D AND D2 AGO
	WinBeforeAgo                      // BEFORE D AGO
	WinSince                          // SINCE X
	WinBefore                         // BEFORE X
	WinDuring                         // DURING Period
	WinEachOf                         // IN EACH OF LAST …
)

// Window is a span of time, not yet resolved against a clock.
type Window struct {
	Kind   WindowKind
	D, D2  *Literal // durations
	X      Expr
	Period *Period
	Zone   *Literal // IN TIME ZONE
	At     Span
}

// PeriodKind says which form a period has.
type PeriodKind uint8

// The kinds of periods.
const (
	PeriodToday PeriodKind = iota
	PeriodYesterday
	PeriodThis  // THIS unit
	PeriodLast  // LAST [N] unit
	PeriodRange // X [TO Y]
)

// Unit is a calendar unit.
type Unit uint8

// The calendar units.
const (
	UnitDay Unit = iota
	UnitWeek
	UnitMonth
	UnitQuarter
	UnitYear
)

var unitText = [...]string{"DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}

// String returns the unit as it is written.
func (u Unit) String() string { return unitText[u] }

// Period is what follows DURING.
type Period struct {
	Kind PeriodKind
	Unit Unit
	N    uint64 // of LAST; 1 without a number
	X, Y Expr   // of a range; Y nil without TO
	At   Span
}

func (*Literal) expr()    {}
func (*Param) expr()      {}
func (*Name) expr()       {}
func (*Unary) expr()      {}
func (*Binary) expr()     {}
func (*Paren) expr()      {}
func (*Between) expr()    {}
func (*In) expr()         {}
func (*IsNull) expr()     {}
func (*IsDistinct) expr() {}
func (*Has) expr()        {}
func (*SubsetOf) expr()   {}
func (*InWindow) expr()   {}
func (*Call) expr()       {}
func (*Aggregate) expr()  {}
func (*Case) expr()       {}
func (*TryCast) expr()    {}
func (*Did) expr()        {}
func (*Nth) expr()        {}
func (*KnownFor) expr()   {}
func (*InSegment) expr()  {}

// Span returns where the node stands.
func (x *Literal) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Param) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Name) Span() Span { return x.Parts[0].At.To(x.Parts[len(x.Parts)-1].At) }

// Span returns where the node stands.
func (x *Unary) Span() Span { return x.At.To(x.X.Span()) }

// Span returns where the node stands.
func (x *Binary) Span() Span { return x.X.Span().To(x.Y.Span()) }

// Span returns where the node stands.
func (x *Paren) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Between) Span() Span { return x.At }

// Span returns where the node stands.
func (x *In) Span() Span { return x.At }

// Span returns where the node stands.
func (x *IsNull) Span() Span { return x.At }

// Span returns where the node stands.
func (x *IsDistinct) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Has) Span() Span { return x.At }

// Span returns where the node stands.
func (x *SubsetOf) Span() Span { return x.At }

// Span returns where the node stands.
func (x *InWindow) Span() Span { return x.X.Span().To(x.Window.At) }

// Span returns where the node stands.
func (x *Call) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Aggregate) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Case) Span() Span { return x.At }

// Span returns where the node stands.
func (x *TryCast) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Did) Span() Span { return x.At }

// Span returns where the node stands.
func (x *Nth) Span() Span { return x.At }

// Span returns where the node stands.
func (x *KnownFor) Span() Span { return x.At }

// Span returns where the node stands.
func (x *InSegment) Span() Span { return x.At }

// Bare returns an expression without the brackets round it.
func Bare(x Expr) Expr {
	for {
		p, ok := x.(*Paren)
		if !ok {
			return x
		}
		x = p.X
	}
}

// Dotted returns the name that parts make.
func Dotted(parts []Ident) string {
	if len(parts) == 1 {
		return parts[0].Name
	}
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Name
	}
	return strings.Join(names, ".")
}
