package ast

// Stmt is one statement.
type Stmt interface{ stmt() }

// Count is COUNT condition [AS OF instant]; Where is nil for COUNT alone, which counts all contacts.
type Count struct {
	Where Expr
	AsOf  Expr
}

// Item is one column of a select list. Star is SELECT *.
type Item struct {
	X     Expr
	Alias *Ident
	Star  bool
	At    Span
}

// OrderItem is one term of ORDER BY: an expression, an alias or a 1-based column number.
type OrderItem struct {
	X    Expr
	Desc bool
}

// Select is SELECT items FROM source [WHERE] [GROUP BY] [HAVING] [ORDER BY] [LIMIT] [AS OF].
type Select struct {
	Items  []Item
	From   Ident // contacts, or an event type
	Where  Expr
	Group  []Expr // each an expression, an alias of the list or a 1-based column number
	Having Expr
	Order  []OrderItem
	Limit  *Literal
	AsOf   Expr
}

// Update is UPDATE contacts SET assignments WHERE condition. WHERE must be there, if only as WHERE TRUE,
// which the binder says.
type Update struct {
	Table Ident // contacts; anything else is the binder's error
	Set   []Assign
	Where Expr
}

// DeleteEvents is DELETE FROM event WHERE condition over the event.
type DeleteEvents struct {
	From  Ident
	Where Expr
}

// SegmentKind says how a segment holds its members.
type SegmentKind uint8

// The kinds of segments.
const (
	SegmentPlain  SegmentKind = iota // a stored condition, evaluated when asked
	SegmentStatic                    // a stored list of contacts
	SegmentLive                      // kept up to date; not in this version
)

var segmentText = [...]string{"", "STATIC", "LIVE"}

// String returns the kind as it is written; nothing for a plain segment.
func (k SegmentKind) String() string { return segmentText[k] }

// CreateSegment is CREATE [OR REPLACE] [STATIC | LIVE] SEGMENT name AS condition, or for a static one FROM
// 'file' or ('id', …). Exactly one of Where, File and IDs is set; IDs may be empty but not nil: ().
type CreateSegment struct {
	Name    Ident
	Replace bool
	Kind    SegmentKind
	Where   Expr
	File    *Literal
	IDs     []Expr // text literals or parameters
}

// AlterSegment is ALTER SEGMENT name ADD | REMOVE 'id', ….
type AlterSegment struct {
	Name Ident
	Add  bool // else REMOVE
	IDs  []Expr
}

// Explain is EXPLAIN [ANALYZE] statement. The statement is a COUNT or SELECT; others are the binder's error.
type Explain struct {
	Analyze bool
	Stmt    Stmt
	At      Span // of EXPLAIN
}

// DescribeKind is what DESCRIBE was told that a name is.
type DescribeKind uint8

// The kinds of DESCRIBE. DescribeAny is a bare name: contacts, or whatever has that name; an error if two do.
const (
	DescribeAny DescribeKind = iota
	DescribeBase
	DescribeAttribute
	DescribeEvent
	DescribeSegment
)

var describeText = [...]string{"", "BASE", "ATTRIBUTE", "EVENT", "SEGMENT"}

// String returns the kind as it is written; nothing for a bare name.
func (k DescribeKind) String() string { return describeText[k] }

// Describe is DESCRIBE [BASE | ATTRIBUTE | EVENT | SEGMENT] name; event.property names a property.
type Describe struct {
	Kind DescribeKind
	Name Name
}

// ShowContact is SHOW CONTACT 'id' [LIMIT n]: attributes and timeline.
type ShowContact struct {
	ID    Expr // a text literal or a parameter
	Limit *Literal
}

// ShowSegmentsOf is SHOW SEGMENTS OF CONTACT 'id'.
type ShowSegmentsOf struct{ ID Expr }

// Kill is KILL n: ends the statement that SHOW QUERIES lists under that number.
type Kill struct{ Query *Literal }

// CreateBase is CREATE BASE name [WITH (key = value, …)].
type CreateBase struct {
	Name    Ident
	Options []Option
}

// Option is key = value of a WITH list.
type Option struct {
	Key   Ident
	Value string // the text, number or word as written, unquoted
	At    Span
}

// Use is USE name: the shell's and the query tool's base from then on.
type Use struct{ Base Ident }

// CreateAttribute is CREATE ATTRIBUTE name type [PERSONAL].
type CreateAttribute struct {
	Name     Ident
	Type     TypeName
	Personal bool
}

// Field is name type in the brackets of CREATE EVENT.
type Field struct {
	Name Ident
	Type TypeName
}

// CreateEvent is CREATE EVENT name (fields) [ID property] [KEEP duration].
type CreateEvent struct {
	Name   Ident
	Fields []Field
	ID     *Ident
	Keep   *Literal
}

// AlterEvent is ALTER EVENT name ADD (fields) | DROP property.
type AlterEvent struct {
	Name Ident
	Add  []Field
	Drop *Ident
}

// ObjectKind is what DROP and RENAME name.
type ObjectKind uint8

// The kinds of things with names.
const (
	KindBase ObjectKind = iota
	KindAttribute
	KindEvent
	KindSegment
)

var objectText = [...]string{"BASE", "ATTRIBUTE", "EVENT", "SEGMENT"}

// String returns the kind as it is written.
func (k ObjectKind) String() string { return objectText[k] }

// Drop is DROP BASE|ATTRIBUTE|EVENT|SEGMENT name.
type Drop struct {
	Kind ObjectKind
	Name Ident
}

// Rename is RENAME BASE|ATTRIBUTE|EVENT|SEGMENT name TO name.
type Rename struct {
	Kind     ObjectKind
	Name, To Ident
}

// Assign is name = expression.
type Assign struct {
	Name Name
	X    Expr
}

// Upsert is UPSERT CONTACT 'id' [SET assignments].
type Upsert struct {
	ID  Expr // a text literal or a parameter
	Set []Assign
}

// Track is TRACK event FOR 'id' [AT instant] [ID 'id'] [(property = value, …)].
type Track struct {
	Event   Ident
	Contact Expr
	Time    Expr // nil: the statement's clock
	EventID Expr // nil: none
	Props   []Assign
}

// DeleteContact is DELETE CONTACT 'id' [NOW].
type DeleteContact struct {
	ID  Expr
	Now bool
}

// CopyFrom is COPY target FROM 'file' (column = expression, …) [ON ERROR SKIP [REJECTS TO 'file']] [AGAIN].
// Without a list every column of the file is mapped to the name it has.
type CopyFrom struct {
	Target    Ident // contacts, or an event type
	File      *Literal
	Map       []Assign
	SkipBad   bool
	RejectsTo *Literal
	Again     bool
}

// CopyTo is COPY (SELECT …) TO 'file'.
type CopyTo struct {
	Query *Select
	File  *Literal
}

// ShowKind is what SHOW lists.
type ShowKind uint8

// The kinds of SHOW.
const (
	ShowBases ShowKind = iota
	ShowAttributes
	ShowEvents
	ShowStorage
	ShowSegments
	ShowQueries
)

var showText = [...]string{"BASES", "ATTRIBUTES", "EVENTS", "STORAGE", "SEGMENTS", "QUERIES"}

// String returns the kind as it is written.
func (k ShowKind) String() string { return showText[k] }

// Show is SHOW BASES|ATTRIBUTES|EVENTS|STORAGE|SEGMENTS|QUERIES.
type Show struct{ Kind ShowKind }

func (*Count) stmt()           {}
func (*Select) stmt()          {}
func (*CreateBase) stmt()      {}
func (*Use) stmt()             {}
func (*CreateAttribute) stmt() {}
func (*CreateEvent) stmt()     {}
func (*AlterEvent) stmt()      {}
func (*Drop) stmt()            {}
func (*Rename) stmt()          {}
func (*Upsert) stmt()          {}
func (*Track) stmt()           {}
func (*DeleteContact) stmt()   {}
func (*CopyFrom) stmt()        {}
func (*CopyTo) stmt()          {}
func (*Show) stmt()            {}
func (*Update) stmt()          {}
func (*DeleteEvents) stmt()    {}
func (*CreateSegment) stmt()   {}
func (*AlterSegment) stmt()    {}
func (*Explain) stmt()         {}
func (*Describe) stmt()        {}
func (*ShowContact) stmt()     {}
func (*ShowSegmentsOf) stmt()  {}
func (*Kill) stmt()            {}
