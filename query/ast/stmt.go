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

// Select is SELECT items FROM source [WHERE] [ORDER BY] [LIMIT] [AS OF].
type Select struct {
	Items []Item
	From  Ident // contacts, or an event type
	Where Expr
	Order []OrderItem
	Limit *Literal
	AsOf  Expr
}

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
)

var objectText = [...]string{"BASE", "ATTRIBUTE", "EVENT"}

// String returns the kind as it is written.
func (k ObjectKind) String() string { return objectText[k] }

// Drop is DROP BASE|ATTRIBUTE|EVENT name.
type Drop struct {
	Kind ObjectKind
	Name Ident
}

// Rename is RENAME BASE|ATTRIBUTE|EVENT name TO name.
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
)

var showText = [...]string{"BASES", "ATTRIBUTES", "EVENTS", "STORAGE"}

// String returns the kind as it is written.
func (k ShowKind) String() string { return showText[k] }

// Show is SHOW BASES|ATTRIBUTES|EVENTS|STORAGE.
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
