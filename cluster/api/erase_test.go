package api

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/musterdb/muster/cluster/node"
)

// found returns the files below a folder that hold some bytes.
func found(t *testing.T, dir string, what []byte) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, what) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestEraseNow deletes a contact with NOW that shares its chunk with others and has many events: none of its
// texts is left in any file, and everything else is as it was, now and after a restart.
func TestEraseNow(t *testing.T) {
	dir := t.TempDir()
	n, err := node.Open(node.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := New(n, Config{})
	must(t, s, "", "CREATE BASE shop WITH (spread = 1)")
	must(t, s, "shop", "CREATE ATTRIBUTE tags SET")
	must(t, s, "shop", "CREATE EVENT buy (what TEXT, tags SET, n INT)")
	for i := range 40 {
		must(t, s, "shop", fmt.Sprintf("UPSERT CONTACT 'other-%d' SET email = 'mail%d@example', tags = ('both'), phone = %d", i, i, 1000+i))
		must(t, s, "shop", fmt.Sprintf("TRACK buy FOR 'other-%d' (what = 'book', tags = 'paper', n = %d)", i, i))
	}
	must(t, s, "shop", "UPSERT CONTACT 'erased-id' SET email = 'erased-old@example', phone = 7234567890123456789")
	must(t, s, "shop", "UPSERT CONTACT 'erased-id' SET email = 'erased-mail@example', tags = ('both')")
	must(t, s, "shop", "UPSERT CONTACT 'erased-id' SET tags = tags + 'erased-tag'")
	var rows strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&rows, `{"contact":"erased-id","time":"2026-01-%02d","what":"erased-what-%d","tags":["erased-elem","paper"],"n":7345678901234567891}`+"\n", i%28+1, i%50)
	}
	if _, err := s.Ingest(t.Context(), IngestRequest{Base: "shop", Target: "buy", Event: true, Body: strings.NewReader(rows.String())}); err != nil {
		t.Fatal(err)
	}
	var secrets [][]byte
	for _, text := range []string{"erased-id", "erased-mail", "erased-old", "erased-tag", "erased-what-4", "erased-elem"} {
		secrets = append(secrets, []byte(text))
	}
	for _, number := range []uint64{7234567890123456789, 7345678901234567891} {
		secrets = append(secrets, binary.LittleEndian.AppendUint64(nil, number))
	}
	if len(found(t, dir, secrets[1])) == 0 {
		t.Fatal("nothing to erase: the test looks in the wrong place")
	}
	ask := func() (all []string) {
		for _, text := range []string{
			"SELECT id, email, phone, tags FROM contacts ORDER BY id", "SELECT id, last(buy).what, sum(buy.n), count(buy) FROM contacts ORDER BY id", "COUNT tags HAS 'both'", "COUNT email = 'mail3@example'",
			"COUNT DID buy[tags HAS 'paper' AND what = 'book']", "COUNT email = 'erased-mail@example' OR tags HAS 'erased-tag'",
		} {
			all = append(all, must(t, s, "shop", text))
		}
		return all
	}
	must(t, s, "shop", "DELETE CONTACT 'erased-id' NOW")
	for _, secret := range secrets {
		if files := found(t, dir, secret); len(files) > 0 {
			t.Errorf("%q is in %v", secret, files)
		}
	}
	want := ask()
	if want[2] != "40" || want[3] != "1" || want[4] != "40" || want[5] != "0" || strings.Count(want[1], "\n") != 39 {
		t.Errorf("the others: %q", want[1:])
	}
	if err := n.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err = node.Open(node.Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer n.Close(t.Context())
	s = New(n, Config{})
	for i, got := range ask() {
		if got != want[i] {
			t.Errorf("after a restart question %d answers %q, was %q", i, got, want[i])
		}
	}
	// Texts that were erased can come again.
	must(t, s, "shop", "UPSERT CONTACT 'erased-id' SET email = 'erased-mail@example', tags = 'erased-tag'")
	must(t, s, "shop", "TRACK buy FOR 'erased-id' (what = 'erased-what-4', tags = 'erased-elem')")
	if got := must(t, s, "shop", "COUNT email = 'erased-mail@example' AND tags HAS 'erased-tag' AND DID buy[what = 'erased-what-4' AND tags HAS 'erased-elem']"); got != "1" {
		t.Errorf("%s contacts came again", got)
	}
}
