package names

import (
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// Column is a column of a file. Text marks one whose values are texts of any type, as in CSV: where a
// number, a date and so on is needed they are read as one, and a row in which that fails is rejected. Infer
// is what open schema makes of such a column where nothing is declared, as of JSON, whose values show it;
// the zero Type makes it TEXT.
type Column struct {
	Name  string
	Type  schema.Type
	Text  bool
	Infer schema.Type
}

// column binds a name of a file's header. The plan's property id is the column's index.
func (s Scope) column(x *ast.Name) (plan.Expr, error) {
	name := ast.Dotted(x.Parts)
	for i, c := range s.Columns {
		if c.Name == name {
			return fileColumn(i, c), nil
		}
	}
	var names []string
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	e := diag.New(diag.Name, x.Span(), "the file has no column %s", phrase.Name(name))
	if near, ok := diag.Suggest(name, names); ok {
		return nil, e.WithHint("did you mean %s?%s", phrase.Name(near), phrase.TextInstead(x))
	}
	if len(names) == 0 {
		return nil, e
	}
	return nil, e.WithHint("its columns are %s", phrase.List(names))
}

func fileColumn(i int, c Column) plan.Expr {
	t := c.Type
	if c.Text {
		t = schema.Type{Kind: schema.KindText}
	}
	return &plan.Prop{Name: c.Name, ByEvent: map[schema.EventID]schema.PropID{0: schema.PropID(i)}, T: plan.Type{Type: t}}
}
