package parse

import (
	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"

	"github.com/musterdb/muster/query/ast"
)

// The statements, one production each. The tags are the grammar; hooks read conditions, values and
// names. Every production begins with the words by which dispatch has chosen it, and is LL(1).

type countStmt struct {
	Where *condHook `parser:"'COUNT' @@?"`
	AsOf  *sumHook  `parser:"( 'AS' 'OF' @@ )?"`
}

type selectStmt struct {
	Items  itemsHook  `parser:"'SELECT' @@"`
	From   tableName  `parser:"'FROM' @@"`
	Where  *needHook  `parser:"( 'WHERE' @@ )?"`
	Early  *sumHook   `parser:"( 'AS' 'OF' @@ )?"`
	Group  *groupHook `parser:"( 'GROUP' 'BY' @@ )?"`
	Having *needHook  `parser:"( 'HAVING' @@ )?"`
	Order  *orderHook `parser:"( 'ORDER' 'BY' @@ )?"`
	Limit  *limitHook `parser:"( 'LIMIT' @@ )?"`
	AsOf   *sumHook   `parser:"( 'AS' 'OF' @@ )?"`
}

type createBaseStmt struct {
	Name    baseName     `parser:"'CREATE' 'BASE' @@"`
	Options *optionsHook `parser:"( 'WITH' '(' @@ ')' )?"`
}

type useStmt struct {
	Base baseName `parser:"'USE' @@"`
}

type createAttributeStmt struct {
	Name     attributeName `parser:"'CREATE' 'ATTRIBUTE' @@"`
	Type     typeHook      `parser:"@@"`
	Personal bool          `parser:"@'PERSONAL'?"`
}

type createEventStmt struct {
	Name   eventName     `parser:"'CREATE' 'EVENT' @@"`
	Fields *fieldsHook   `parser:"( '(' ( ')' | @@ ')' ) )?"`
	ID     *propertyName `parser:"( 'ID' @@ )?"`
	Keep   *durationHook `parser:"( 'KEEP' @@ )?"`
}

type alterEventStmt struct {
	Name eventName     `parser:"'ALTER' 'EVENT' @@"`
	Add  *fieldsHook   `parser:"( 'ADD' '(' @@ ')'"`
	Drop *propertyName `parser:"| 'DROP' @@ )"`
}

type dropStmt struct {
	Kind string  `parser:"'DROP' @( 'BASE' | 'ATTRIBUTE' | 'EVENT' | 'SEGMENT' )"`
	Name anyName `parser:"@@"`
}

type renameStmt struct {
	Kind string  `parser:"'RENAME' @( 'BASE' | 'ATTRIBUTE' | 'EVENT' | 'SEGMENT' )"`
	Name anyName `parser:"@@"`
	To   anyName `parser:"'TO' @@"`
}

type upsertStmt struct {
	ID  keyHook      `parser:"'UPSERT' 'CONTACT' @@"`
	Set *assignsHook `parser:"( 'SET' @@ )?"`
}

type trackStmt struct {
	Event   eventName    `parser:"'TRACK' @@"`
	Contact keyHook      `parser:"'FOR' @@"`
	Time    *sumHook     `parser:"( 'AT' @@ )?"`
	EventID *keyHook     `parser:"( 'ID' @@ )?"`
	Props   *assignsHook `parser:"( '(' ( ')' | @@ ')' ) )?"`
}

type deleteContactStmt struct {
	ID  keyHook `parser:"'DELETE' 'CONTACT' @@"`
	Now bool    `parser:"@'NOW'?"`
}

type copyFromStmt struct {
	Target  tableName    `parser:"'COPY' @@"`
	File    fileHook     `parser:"'FROM' @@"`
	Map     *assignsHook `parser:"( '(' @@ ')' )?"`
	Skip    bool         `parser:"( 'ON' 'ERROR' @'SKIP'"`
	Rejects *fileHook    `parser:"( 'REJECTS' 'TO' @@ )? )?"`
	Again   bool         `parser:"@'AGAIN'?"`
}

type copyToStmt struct {
	Query selectStmt `parser:"'COPY' '(' @@ ')'"`
	File  fileHook   `parser:"'TO' @@"`
}

// grammar is the whole of it; it is built once and never run from its root, since dispatch knows the
// production by the first two words and says more when there is none.
type grammar struct {
	Count           *countStmt           `parser:"  @@"`
	Select          *selectStmt          `parser:"| @@"`
	CreateBase      *createBaseStmt      `parser:"| @@"`
	Use             *useStmt             `parser:"| @@"`
	CreateAttribute *createAttributeStmt `parser:"| @@"`
	CreateEvent     *createEventStmt     `parser:"| @@"`
	AlterEvent      *alterEventStmt      `parser:"| @@"`
	Drop            *dropStmt            `parser:"| @@"`
	Rename          *renameStmt          `parser:"| @@"`
	Upsert          *upsertStmt          `parser:"| @@"`
	Track           *trackStmt           `parser:"| @@"`
	DeleteContact   *deleteContactStmt   `parser:"| @@"`
	CopyFrom        *copyFromStmt        `parser:"| @@"`
	CopyTo          *copyToStmt          `parser:"| @@"`
	Show            *showStmt            `parser:"| @@"`
	ShowSegments    *showSegmentsStmt    `parser:"| @@"`
	ShowContact     *showContactStmt     `parser:"| @@"`
	Describe        *describeStmt        `parser:"| @@"`
	Kill            *killStmt            `parser:"| @@"`
	Update          *updateStmt          `parser:"| @@"`
	DeleteEvents    *deleteEventsStmt    `parser:"| @@"`
	CreateSegment   *createSegmentStmt   `parser:"| @@"`
	AlterSegment    *alterSegmentStmt    `parser:"| @@"`
}

var statements = participle.MustBuild[grammar](
	participle.Lexer(definition{}), participle.CaseInsensitive("Ident"), participle.UseLookahead(0))

// noder is a production that knows its node.
type noder[P any] interface {
	*P
	node() (ast.Stmt, error)
}

// production returns the parser of one statement.
func production[P any, N noder[P]]() func(*lexer.PeekingLexer) (ast.Stmt, error) {
	parser, err := participle.ParserForProduction[P](statements)
	if err != nil {
		panic(err) // a production that grammar does not have
	}
	return func(toks *lexer.PeekingLexer) (ast.Stmt, error) {
		v, err := parser.ParseFromLexer(toks, participle.AllowTrailing(true))
		if err != nil {
			return nil, err
		}
		return N(v).node()
	}
}
