package names

import (
	"strings"
	"testing"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/storage/schema"
)

func TestUnknownAttributeNamesItsFamily(t *testing.T) {
	sch := &schema.Schema{}
	for _, n := range []string{"first_name", "last_name", "name_day", "Full_Name", "filename"} {
		sch.Attrs = append(sch.Attrs, schema.Attribute{ID: schema.AttrID(len(sch.Attrs) + 10), Name: n})
	}
	for name, want := range map[string]string{
		"name":  "did you mean first_name, last_name or name_day?",
		"first": "did you mean first_name?",
		"ile":   "the attributes are",
	} {
		got := UnknownAttribute(sch, &ast.Name{Parts: []ast.Ident{{Name: name}}}).Hint
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}
