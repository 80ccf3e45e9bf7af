package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/musterdb/muster"

// floors is the house, from the roof down: a package may import packages of its own line and of lines
// below it, never above. Within a line the tests trust Go's own ban on cycles. A folder stands for all
// packages below it unless one of them has a line of its own.
var floors = [][]string{
	{"cmd/muster"},
	{"cmd/internal/shell"},
	{"cmd/internal/session"},
	{"cmd/internal"},
	{"bench"},
	{"cluster/httpd", "cluster/flightd"},
	{"cluster/api", "cluster/client"},
	{"cluster/node"},
	{"cluster/catalog"},
	{"cluster/replica"},
	{"cluster/command"},
	{"engine/enginetest"},
	{"engine"},
	{"engine/ingest"},
	{"engine/tabular"},
	{"engine/tabular/guard"},
	{"engine/eval", "engine/oracle"},
	{"engine/group"},
	{"engine/gather", "engine/rowtext"},
	{"engine/scalar"},
	{"engine/exact", "engine/digits"},
	{"query/write"},
	{"query/bind", "query/complete", "query/lint", "query/parse"},
	{"query/names", "query/period"},
	{"query/typing"},
	{"query/phrase"},
	{"query/print"},
	{"query/lex", "query/plan", "query/calendar"},
	{"query/ast"},
	{"query/diag"},
	{"storage"},
	{"storage/tile"},
	{"storage/column", "storage/change", "storage/bitmap"},
	{"storage/kernel", "storage/slab", "storage/section"},
	{"storage/schema"},
}

// onlyImporters names who alone may import a library, and why: to swap or patch it, one folder changes.
var onlyImporters = map[string]struct {
	dirs []string
	why  string
}{
	"github.com/RoaringBitmap/roaring": {[]string{"storage/bitmap"}, "row sets at rest are one package's business"},
	"github.com/alecthomas/participle": {[]string{"query/parse"}, "the grammar library must not leak into the tree"},
	"github.com/hashicorp/raft":        {[]string{"cluster/replica"}, "its traps are guarded in one place"},
	"github.com/hashicorp/raft-wal":    {[]string{"cluster/replica"}, "its traps are guarded in one place"},
	"github.com/hashicorp/go-hclog":    {[]string{"cluster/replica"}, "raft logs through it; ours goes on to slog"},
	"github.com/alecthomas/kong":       {[]string{"cmd"}, "flags exist in commands only"},
	"github.com/reeflective/readline":  {[]string{"cmd/internal/shell"}, "the editor of lines is behind an interface"},
	"github.com/rivo/uniseg":           {[]string{"cmd/internal/render"}, "how wide a text is has one answer"},
	"github.com/prometheus":            {[]string{"cluster/httpd", "cluster/api"}, "metrics leave by the HTTP door"},
}

// everywhere lists the libraries that any package may use: the customer's memory format and a few that
// are as plain as the standard library.
var everywhere = []string{
	"github.com/apache/arrow/go/v17",
	"github.com/klauspost/compress",
	"github.com/zeebo/xxh3",
	"golang.org/x/",
}

// testsOnly lists the libraries that only tests may use.
var testsOnly = []string{"modernc.org/sqlite", "pgregory.net/rapid"}

// pureFloors may not read the clock, chance or the host: what they compute must be the same on every
// replica.
var pureFloors = []string{"storage", "engine", "query"}

type file struct {
	dir, path string
	test      bool
	syntax    *ast.File
}

// sources parses every Go file of the module.
func sources(t *testing.T) []file {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	var all []file
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || isModule(path)) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		all = append(all, file{filepath.ToSlash(filepath.Dir(rel)), filepath.ToSlash(rel), strings.HasSuffix(name, "_test.go"), syntax})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 20 {
		t.Fatalf("only %d Go files were found: the test does not look at the tree", len(all))
	}
	return all
}

// isModule says whether a folder is a Go module of its own.
func isModule(dir string) bool {
	m, _ := filepath.Glob(filepath.Join(dir, "go.mod"))
	return len(m) > 0
}

func (f file) imports() []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		p, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, p)
	}
	return paths
}

// under says whether a folder is dir or lies below it.
func under(dir, folder string) bool { return dir == folder || strings.HasPrefix(dir, folder+"/") }

// floorOf returns the line of the house on which a package stands: that of the longest folder that
// holds it, or -1.
func floorOf(dir string) int {
	best, floor := "", -1
	for i, line := range floors {
		for _, folder := range line {
			if under(dir, folder) && len(folder) > len(best) {
				best, floor = folder, i
			}
		}
	}
	return floor
}

func TestArrowsPointDown(t *testing.T) {
	for _, f := range sources(t) {
		from := floorOf(f.dir)
		if from < 0 {
			t.Errorf("%s: the folder %s has no line in the house; add it to floors", f.path, f.dir)
			continue
		}
		for _, path := range f.imports() {
			to, ours := strings.CutPrefix(path, module+"/")
			if !ours || f.test {
				continue
			}
			if floorOf(to) < from {
				t.Errorf("%s imports %s, which stands above it", f.path, to)
			}
			if under(f.dir, "query") && under(to, "storage") && to != "storage/schema" {
				t.Errorf("%s imports %s: query knows of storage only storage/schema", f.path, to)
			}
		}
	}
}

func TestOneImporterPerLibrary(t *testing.T) {
	for _, f := range sources(t) {
		for _, path := range f.imports() {
			if msg := foreignImport(f, path); msg != "" {
				t.Errorf("%s imports %s: %s", f.path, path, msg)
			}
		}
	}
}

// foreignImport says what is wrong with an import, or nothing.
func foreignImport(f file, path string) string {
	if !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") || under(path, module) {
		return ""
	}
	hasPrefix := func(lib string) bool { return strings.HasPrefix(path, lib) }
	if slices.ContainsFunc(everywhere, hasPrefix) || f.test && slices.ContainsFunc(testsOnly, hasPrefix) {
		return ""
	}
	for lib, rule := range onlyImporters {
		if !under(path, lib) {
			continue
		}
		if slices.ContainsFunc(rule.dirs, func(d string) bool { return under(f.dir, d) }) {
			return ""
		}
		return "only " + strings.Join(rule.dirs, ", ") + " may, because " + rule.why
	}
	return "the library is not listed in the house; say in docs/explanation/dependencies.md why it is needed"
}

func TestPureFloorsReadNoClock(t *testing.T) {
	banned := map[string][]string{
		"time": {"Now", "Since", "Until", "LoadLocation", "Local"},
		"os":   {"Getenv", "Hostname"},
	}
	for _, f := range sources(t) {
		pure := slices.ContainsFunc(pureFloors, func(d string) bool { return under(f.dir, d) })
		if !pure || f.test || under(f.dir, "engine/oracle") || f.syntax.Name.Name == "main" {
			continue
		}
		if slices.Contains(f.imports(), "math/rand") || slices.Contains(f.imports(), "math/rand/v2") {
			t.Errorf("%s imports a source of chance", f.path)
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && slices.Contains(banned[x.Name], sel.Sel.Name) && slices.Contains(f.imports(), x.Name) {
				t.Errorf("%s uses %s.%s: replicas would differ", f.path, x.Name, sel.Sel.Name)
			}
			return true
		})
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	said := map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		doc := f.syntax.Doc.Text()
		said[f.dir] = said[f.dir] || strings.HasPrefix(doc, "Package ") || strings.HasPrefix(doc, "Command ") || strings.HasPrefix(doc, "Muster ")
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("%s has no package comment that says what it owns and what it does not", dir)
		}
	}
}

func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.syntax.Name.Name == "main" {
			continue
		}
		for _, decl := range f.syntax.Decls {
			for _, name := range undocumented(decl) {
				t.Errorf("%s: %s has no doc comment", f.path, name)
			}
		}
	}
}

// undocumented returns the exported names of a declaration that have no comment of their own or of
// their group.
func undocumented(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && receiverExported(d) {
			return []string{d.Name.Name}
		}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			names = append(names, undocumentedSpec(d, spec)...)
		}
		return names
	}
	return nil
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func undocumentedSpec(d *ast.GenDecl, spec ast.Spec) []string {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && s.Doc == nil && d.Doc == nil {
			return []string{s.Name.Name}
		}
	case *ast.ValueSpec:
		if s.Doc == nil && s.Comment == nil && d.Doc == nil {
			for _, n := range s.Names {
				if n.IsExported() {
					return []string{n.Name}
				}
			}
		}
	}
	return nil
}
