package api

import (
	"context"
	"fmt"
	"testing"

	"github.com/musterdb/muster/cluster/node"
)

// TestNamesAgain drops attributes, properties, events and a base while they have data and makes them again
// under the same name and another type: nothing of the old shows, before and after a restart.
func TestNamesAgain(t *testing.T) {
	dir := t.TempDir()
	n, err := node.Open(node.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := New(n, Config{})
	must(t, s, "", "CREATE BASE shop WITH (spread = 1)")
	must(t, s, "shop", "CREATE EVENT buy (what TEXT, n INT)")
	for i := range 30 {
		must(t, s, "shop", fmt.Sprintf("UPSERT CONTACT 'c%d' SET city = 'Oslo'", i))
		must(t, s, "shop", fmt.Sprintf("TRACK buy FOR 'c%d' (what = 'book', n = %d)", i, i))
	}
	for _, text := range []string{"DROP ATTRIBUTE city", "CREATE ATTRIBUTE city INT", "ALTER EVENT buy DROP what", "ALTER EVENT buy ADD (what INT)"} {
		must(t, s, "shop", text)
	}
	check := func(when string) {
		t.Helper()
		for text, want := range map[string]string{
			"COUNT city IS NULL": "30", "COUNT city = 5": "1", "COUNT DID buy": "31", "COUNT DID buy[what IS NOT NULL]": "1", "COUNT DID buy[what = 7]": "1",
		} {
			if got := must(t, s, "shop", text); got != want {
				t.Errorf("%s, %s: %s, want %s", when, text, got, want)
			}
		}
	}
	must(t, s, "shop", "UPSERT CONTACT 'new' SET city = 5")
	must(t, s, "shop", "TRACK buy FOR 'new' (what = 7)")
	check("before")
	reopen := func() {
		t.Helper()
		if err := n.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if n, err = node.Open(node.Config{Dir: dir}); err != nil {
			t.Fatal(err)
		}
		s = New(n, Config{})
	}
	reopen()
	defer func() { n.Close(context.Background()) }()
	check("after a restart")
	must(t, s, "shop", "DROP EVENT buy")
	must(t, s, "shop", "CREATE EVENT buy (what SET)")
	must(t, s, "", "CREATE BASE other WITH (spread = 1)")
	must(t, s, "", "DROP BASE other")
	must(t, s, "", "CREATE BASE other WITH (spread = 1)")
	for range 2 {
		if got := must(t, s, "shop", "COUNT DID buy"); got != "0" {
			t.Errorf("%s contacts did what was dropped", got)
		}
		if got := must(t, s, "other", "COUNT id IS NOT NULL"); got != "0" {
			t.Errorf("%s contacts of a base that was dropped", got)
		}
		reopen()
	}
}
