package bind

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/names"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Column is a column of a file.
type Column = names.Column

// scope says what stands where the binder is: names, and in a grouped statement totals.
type scope struct {
	names.Scope
	group *grouping      // what is asked is a group of rows; nil: one row
	total *ast.Aggregate // the total in whose brackets the row is asked
}

// contact is the scope of one contact, whatever stands round it.
func (b *binder) contact() scope {
	return scope{Scope: names.Scope{Schema: b.sch, Kind: names.OfContact, Needs: b.scope.Needs}}
}

// ofEvents is the scope of one of some events: inside […], or as the row of a table.
func (b *binder) ofEvents(events []*schema.EventType, table bool) scope {
	return scope{Scope: names.Scope{Schema: b.sch, Kind: names.OfEvent, Events: events, Table: table, Needs: b.scope.Needs}}
}

// name binds a possibly dotted name.
func (b *binder) name(x *ast.Name) (plan.Expr, error) {
	if b.scope.group != nil {
		return b.nameInGroup(x)
	}
	return b.scope.Name(x)
}
