package storage

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestVersionOne applies a log, and reads the image at its end, that the program before format version 2
// wrote: both give the state whose hash that program noted in the log's last line.
func TestVersionOne(t *testing.T) {
	log, err := os.ReadFile("testdata/v1.log.hex")
	if err != nil {
		t.Fatal(err)
	}
	s := New(slab.New(), &schema.Schema{})
	want := ""
	for i, line := range strings.Split(strings.TrimSpace(string(log)), "\n") {
		if hash, ok := strings.CutPrefix(line, "state "); ok {
			want = hash
			break
		}
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		ch, err := change.Decode(b)
		if err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		mustApply(t, s, ch.Parts...)
	}
	if got := fmt.Sprintf("%x", StateHash(&s.View)); got != want {
		t.Errorf("the log leads to state %s, not %s", got, want)
	}
	back, err := ReadImage(slab.New(), bytes.NewReader(oldImage(t)))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%x", StateHash(&back.View)); got != want {
		t.Errorf("the image holds state %s, not %s", got, want)
	}
}

func oldImage(t *testing.T) []byte {
	t.Helper()
	f, err := os.Open("testdata/v1.image.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	img, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return img
}
