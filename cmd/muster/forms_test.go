package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdb/muster/engine/tabular"
)

// TestFormOfFile has the name of the -o file choose the form and the compression.
func TestFormOfFile(t *testing.T) {
	s := newShop(t)
	s.run(exitOK, "UPSERT CONTACT 'c1' SET n = 7; UPSERT CONTACT 'c2' SET n = 8")
	for _, name := range []string{"x.csv", "x.csv.gz", "x.ndjson", "x.parquet", "x.arrow", "x.arrows", "x.md", "x.txt"} {
		path := filepath.Join(s.dir, name)
		muster(t, exitOK, "query", "--url", s.url, "--base", "shop", "-o", path, "-c", "SELECT id, n FROM contacts ORDER BY id")
		switch filepath.Ext(name) {
		case ".md":
			if got := s.read(name); got != "| id  |   n |\n| --- | --: |\n| c1  |   7 |\n| c2  |   8 |\n" {
				t.Errorf("%s is\n%s", name, got)
			}
		case ".txt":
			mustSay(t, s.read(name), "c1", "│", "2 rows")
		default:
			if got := firstColumn(t, path); !strings.HasPrefix(got, "c1 c2") {
				t.Errorf("%s has %s", name, got)
			}
		}
	}
	path := filepath.Join(s.dir, "y.md")
	muster(t, exitOK, "query", "--url", s.url, "--base", "shop", "--format", "csv", "-o", path, "-c", "COUNT n = 7")
	if got := s.read("y.md"); got != "count\n1\n" {
		t.Errorf("--format does not win over the name: %s", got)
	}
}

// firstColumn reads the texts of a file's first column.
func firstColumn(t *testing.T, path string) string {
	t.Helper()
	r, err := tabular.Open(path, tabular.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for i := range b.Rows {
		all = append(all, string(b.Columns[0].Texts.At(i)))
	}
	return strings.Join(all, " ")
}

// TestBinaryForms: what is no text fills no terminal, and a file holds one answer.
func TestBinaryForms(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal to write to: %v", err)
	}
	defer terminal.Close()
	for _, form := range []string{"arrow", "parquet"} {
		c := queryCmd{Format: form, Command: "COUNT", URL: "http://127.0.0.1:1"}
		if err := c.Run(context.Background(), streams{out: terminal, err: os.Stderr}); err == nil || !strings.Contains(err.Error(), "-o FILE") {
			t.Errorf("%s to a terminal: %v", form, err)
		}
		s := newShop(t)
		path := filepath.Join(s.dir, "x."+form)
		out := muster(t, exitFailed, "query", "--url", s.url, "--base", "shop", "--format", form, "-o", path, "-c", "SHOW BASES; SHOW BASES")
		mustSay(t, out, "one answer")
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: a file of two answers appears", form)
		}
	}
}
