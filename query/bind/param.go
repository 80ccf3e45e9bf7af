package bind

import (
	"maps"
	"slices"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/phrase"
	"github.com/musterdb/muster/storage/schema"
)

// Parameters returns the names of a statement's parameters, without $, each once, in the order in which they
// are first written.
func Parameters(stmt ast.Stmt) []string {
	var out []string
	seen := map[string]bool{}
	for _, x := range ast.Expressions(stmt) {
		ast.Walk(x, func(x ast.Expr) bool {
			if p, ok := x.(*ast.Param); ok && !seen[p.Name] {
				seen[p.Name] = true
				out = append(out, p.Name)
			}
			return true
		})
	}
	return out
}

// CheckParameters refuses values for parameters that a statement does not have: a mistyped name would
// otherwise go unseen.
func CheckParameters(stmt ast.Stmt, values map[string]schema.Value) error {
	if len(values) == 0 {
		return nil
	}
	names := Parameters(stmt)
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(names, name) {
			return surplus(name, names, values)
		}
	}
	return nil
}

func surplus(name string, names []string, values map[string]schema.Value) error {
	e := diag.New(diag.Invalid, diag.Span{}, "a value is given for $%s, which the statement does not have", phrase.Short(name))
	var missing []string
	for _, n := range names {
		if _, ok := values[n]; !ok {
			missing = append(missing, "$"+phrase.Short(n))
		}
	}
	switch {
	case len(missing) > 0:
		return e.WithHint("the statement waits for %s", missing[0])
	case len(names) == 0:
		return e.WithHint("it has no parameters; they are written $1 or $name")
	}
	return e.WithHint("leave it out")
}
