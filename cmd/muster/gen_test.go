package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGenWritesTheSameBytes: the files of a base are a function of seed, size and clock, in every format.
func TestGenWritesTheSameBytes(t *testing.T) {
	for _, format := range []string{"parquet", "csv", "ndjson", "arrow"} {
		t.Run(format, func(t *testing.T) {
			write := func(seed string) map[string][]byte {
				dir := filepath.Join(t.TempDir(), "base")
				muster(t, exitOK, "gen", "--contacts", "500", "--seed", seed, "--format", format, "--out", dir)
				return readAll(t, dir)
			}
			one, two, other := write("1"), write("1"), write("2")
			if len(one) != 7 {
				t.Fatalf("%d files were written, want contacts, five event types and the script", len(one))
			}
			for name, text := range one {
				if name != loadScript && !bytes.Equal(text, two[name]) {
					t.Errorf("%s differs between two runs", name)
				}
				if name != loadScript && bytes.Equal(text, other[name]) {
					t.Errorf("%s is the same under another seed", name)
				}
			}
		})
	}
}

// TestGenLoads: the script beside the files declares and loads them.
func TestGenLoads(t *testing.T) {
	dir := t.TempDir()
	url := testServer(t)
	muster(t, exitOK, "gen", "--contacts", "300", "--compress", "zst", "--format", "ndjson", "--out", dir)
	muster(t, exitOK, "query", "--url", url, "-c", "CREATE BASE b")
	muster(t, exitOK, "query", "--url", url, "--base", "b", "-f", filepath.Join(dir, loadScript))
	out := muster(t, exitOK, "query", "--url", url, "--base", "b", "--format", "csv", "-c", "COUNT email IS NOT NULL")
	if !strings.Contains(out, "300") {
		t.Errorf("not all contacts are in: %s", out)
	}
}

func readAll(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = text
	}
	return out
}
