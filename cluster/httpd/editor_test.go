package httpd

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/musterdb/muster/cluster/client"
)

// desk is a base to write statements over, and a client of it.
func desk(t *testing.T) (*door, *client.Client) {
	t.Helper()
	d := openDoor(t)
	d.must("shop", "CREATE ATTRIBUTE email TEXT PERSONAL")
	d.must("shop", "CREATE EVENT purchase (amount DECIMAL(2), category TEXT)")
	for i := range 6 {
		country := []string{"PL", "DE", "PL", "it''s", "PL", "DE"}[i]
		d.must("shop", fmt.Sprintf("UPSERT CONTACT 'c%d' SET country = '%s', email = 'a@b.example', age = %d", i, country, i))
		d.must("shop", fmt.Sprintf("TRACK purchase FOR 'c%d' AT '2026-01-02' (amount = 1, category = 'shoes')", i))
	}
	c, err := client.New(d.url)
	if err != nil {
		t.Fatal(err)
	}
	return d, c
}

func offered(t *testing.T, c *client.Client, base, text string) []string {
	t.Helper()
	cursor := strings.IndexByte(text, '|')
	got, err := c.Complete(context.Background(), base, text[:cursor]+text[cursor+1:], cursor)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range got.Candidates {
		out = append(out, o.Text)
	}
	return out
}

func TestComplete(t *testing.T) {
	d, c := desk(t)
	for text, want := range map[string]string{
		"COUNT cou|":                         "country · count(",
		"COUNT DID |":                        "purchase · NOT · ANY EVENT",
		"COUNT country = |":                  "'PL' · 'DE' · 'it''s'",
		"COUNT country = 'D| AND age > 3":    "'DE'",
		"COUNT DID purchase[category = '|":   "'shoes'",
		"USE |":                              "shop",
		"COUNT email = '|":                   "", // PERSONAL
		"SELECT amo| FROM purchase LIMIT 10": "amount",
	} {
		if got := offered(t, c, "shop", text); !strings.HasPrefix(strings.Join(got, " · "), want) || want == "" && len(got) > 0 {
			t.Errorf("%s: %q", text, got)
		}
	}
	if got := offered(t, c, "none", "COUNT D|"); len(got) == 0 || got[0] != "DID" {
		t.Errorf("without a base: %q", got)
	}
	// Values are kept for a while.
	d.must("shop", "UPDATE contacts SET country = 'FR' WHERE TRUE")
	if got := offered(t, c, "shop", "COUNT country = |"); got[0] != "'PL'" {
		t.Errorf("the values were not kept: %q", got)
	}
	post := func(body string) reply { return d.send("POST", "/v1/complete?base=shop", strings.NewReader(body)) }
	post("{").wants(t, 400, "INVALID", "cursor")
	post(`{"text": "COUNT", "cursor": 6}`).wants(t, 400, "INVALID", "5 bytes")
	post(`{"text": "COUNT", "cursor": -1}`).wants(t, 400, "INVALID", "cursor")
	d.send("GET", "/v1/complete", nil).wants(t, 405, "INVALID", "takes POST")
}

func TestCheck(t *testing.T) {
	d, c := desk(t)
	d.must("shop", "CREATE SEGMENT vip AS age > 3")
	check := func(base, text string) *client.Checked {
		got, err := c.Check(context.Background(), base, text)
		if err != nil {
			t.Fatal(err)
		}
		if got.OK != (got.Error == nil) {
			t.Errorf("%s: ok is %v, the error %v", text, got.OK, got.Error)
		}
		return got
	}
	for _, ok := range []string{
		"COUNT", "SELECT country, count(*) FROM contacts GROUP BY 1", "EXPLAIN COUNT age > 3", "UPDATE contacts SET age = 1 WHERE TRUE", "DELETE FROM purchase WHERE TRUE",
		"CREATE SEGMENT gold AS IN SEGMENT vip", "ALTER EVENT purchase DROP category", "DROP EVENT purchase", "RENAME SEGMENT vip TO gold", "SHOW EVENTS", "DESCRIBE purchase",
		"COPY contacts FROM 'no such file'", "COPY (SELECT id FROM contacts) TO 'x.csv'", "COUNT nothing = $x", "UPSERT CONTACT 'c9' SET age = 1", "SHOW CONTACT 'nobody'", "DROP BASE shop", "KILL 1",
		"CREATE BASE other", "TRACK purchase FOR 'c1' (amount = 1)",
	} {
		if got := check("shop", ok); got.Error != nil {
			t.Errorf("%s: %v", ok, got.Error)
		}
	}
	for text, code := range map[string]string{
		"COUNT coutry = 'PL'": "UNKNOWN_NAME", "COUNT age = 'x'": "TYPE_MISMATCH", "COUNT age >": "SYNTAX", "EXPLAIN COUNT nothing > 3": "UNKNOWN_NAME",
		"UPDATE contacts SET age = 'x' WHERE TRUE": "TYPE_MISMATCH", "CREATE SEGMENT a AS nothing = 1": "UNKNOWN_NAME", "DROP EVENT nothing": "UNKNOWN_NAME", "DROP SEGMENT nothing": "UNKNOWN_NAME",
		"DESCRIBE nothing": "UNKNOWN_NAME", "COPY (SELECT nothing FROM contacts) TO 'x'": "UNKNOWN_NAME", "CREATE ATTRIBUTE age INT": "EXISTS", "COUNT IN SEGMENT nothing": "UNKNOWN_NAME",
	} {
		if got := check("shop", text); got.Error == nil || got.Error.Code != code {
			t.Errorf("%s: %+v, want %s", text, got.Error, code)
		}
	}
	got := check("shop", "count country<>'PL'")
	if got.Canonical != "COUNT country <> 'PL'" || len(got.Warnings) != 1 || got.Warnings[0].Start != 6 || got.Warnings[0].End != 19 {
		t.Errorf("%+v", got)
	}
	if got := check("", "COUNT age > 3"); got.Error == nil {
		t.Error("a statement needs a base")
	}
	d.is("COUNT", "6") // nothing was carried out
	d.is("COUNT age = 1", "1")
}

func TestWarnings(t *testing.T) {
	d, _ := desk(t)
	r := d.ask("shop", "COUNT country <> 'PL' AND DID NOT purchase WITHIN 3d", "json")
	if w := r.head.Values("Muster-Warning"); r.status != 200 || len(w) != 2 || !strings.Contains(w[0], "IS DISTINCT FROM 'PL'") {
		t.Errorf("%d %q", r.status, w)
	}
	var doc struct{ Stats struct{ Warnings []Warning } }
	if err := json.Unmarshal([]byte(r.body), &doc); err != nil || len(doc.Stats.Warnings) != 2 || doc.Stats.Warnings[1].Hint == "" {
		t.Errorf("%v in %s", err, r.body)
	}
	if r = d.ask("shop", "COUNT country <> 'PL'", "ndjson"); !strings.Contains(r.body, `"warnings":[{"message":"contacts whose country`) {
		t.Errorf("NDJSON says %s", r.body)
	}
	if r = d.ask("shop", "COUNT country = 'PL'", "json"); strings.Contains(r.body, "warnings") || len(r.head.Values("Muster-Warning")) > 0 {
		t.Errorf("there is nothing to warn of: %s", r.body)
	}
	if r = d.ask("shop", "CREATE SEGMENT s AS country <> 'PL'", "csv"); len(r.head.Values("Muster-Warning")) != 1 || r.status != 200 {
		t.Errorf("a statement without rows: %d %v", r.status, r.head)
	}
}
