package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestPieces writes images in pieces and reads them back, at awkward lengths, then cut off at every kind
// of place.
func TestPieces(t *testing.T) {
	for _, n := range []int{0, 1, maxPiece - 1, maxPiece, maxPiece + 1, 3*maxPiece + 7} {
		body := bytes.Repeat([]byte("muster"), n/6+1)[:n]
		var b bytes.Buffer
		if _, err := (pieceWriter{&b}).Write(body); err != nil {
			t.Fatal(err)
		}
		b.Write(make([]byte, 4))
		b.WriteString("what follows")
		whole := bytes.Clone(b.Bytes())
		got, err := io.ReadAll(&pieceReader{r: &b})
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes came back as %d, %v", n, len(got), err)
		}
		if b.String() != "what follows" {
			t.Errorf("%d bytes: the reader took what is not its own", n)
		}
		end := len(whole) - len("what follows")
		for _, cut := range []int{0, 3, end / 2, end - 1} {
			if _, err := io.ReadAll(&pieceReader{r: bytes.NewReader(whole[:cut])}); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes cut at %d: %v", n, cut, err)
			}
		}
	}
	if _, err := io.ReadAll(&pieceReader{r: bytes.NewReader([]byte{0xff, 0xff, 0xff, 0x7f, 1})}); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("a piece of 2 GB: %v", err)
	}
}

// TestHostileImage restores a group from bytes that are no image: an error, and what was there stays.
func TestHostileImage(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	m := newMachine(slab.New())
	m.ensure(7)
	for i := range 300 {
		b := make([]byte, r.IntN(200))
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		if i%2 == 0 {
			b = append([]byte(imageMagic), b...)
		}
		if err := m.Restore(bytes.NewReader(b)); err == nil && len(b) > len(imageMagic)+4 {
			t.Errorf("%x was taken as an image", b)
		}
		if m.shard(7) == nil {
			t.Fatalf("%x took the group's shard away", b)
		}
	}
}

// TestDataDirIsRaised: a folder of an older version is marked as of this one before anything is written to it,
// so that the older program refuses it.
func TestDataDirIsRaised(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, marker)
	if err := os.WriteFile(path, []byte(`{"product":"muster","format":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := openDataDir(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if want := fmt.Sprintf(`{"product":"muster","format":%d}`+"\n", dataFormat); err != nil || string(text) != want {
		t.Errorf("it is marked %s, want %s (%v)", text, want, err)
	}
}

func TestDataDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 { // made, then found
		if err := openDataDir(dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct{ text, want string }{
		"newer":   {`{"product":"muster","format":3}`, "newer Muster"},
		"another": {`{"product":"mustard","format":1}`, "not a marker of Muster"},
		"torn":    {`{"produ`, "not a marker of Muster"},
		"empty":   {"", "not a marker of Muster"},
	} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, marker), []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := openDataDir(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCut holds that a long change is cut into pieces that fit and hold every row once, in order.
func TestCut(t *testing.T) {
	for _, rows := range []int{1, 1000, 8192} {
		up := &change.Upsert{}
		for i := range rows {
			up.IDs.AppendString(strings.Repeat(string(rune('a'+i%26)), 1+i%1024))
		}
		pieces, err := cut(&change.Change{Parts: []change.Part{up}})
		if err != nil {
			t.Fatal(err)
		}
		next := 0
		for _, p := range pieces {
			if size := change.Size(p); size > maxChangeBytes {
				t.Errorf("%d rows: a piece has %d bytes", rows, size)
			}
			for _, part := range p.Parts {
				ids := &part.(*change.Upsert).IDs
				for i := range ids.Len() {
					if !bytes.Equal(ids.At(i), up.IDs.At(next)) {
						t.Fatalf("%d rows: row %d is not in its place", rows, next)
					}
					next++
				}
			}
		}
		if next != rows {
			t.Errorf("%d rows became %d", rows, next)
		}
	}
	huge := &change.Upsert{}
	for range 100 {
		huge.IDs.AppendString(strings.Repeat("x", maxChangeBytes))
	}
	if _, err := cut(&change.Change{Parts: []change.Part{huge}}); err == nil || !strings.Contains(err.Error(), "MiB") {
		t.Errorf("a change of 100 pieces: %v", err)
	}
}

// TestBatchOnce writes a batch twice, and a batch that needs several commands twice.
func TestBatchOnce(t *testing.T) {
	n, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close(context.Background())
	ctx := context.Background()
	sch, err := n.CreateBase(ctx, "shop", schema.BaseOptions{Spread: 1})
	if err != nil {
		t.Fatal(err)
	}
	write := func(seq uint64, rows int) Written {
		up := &change.Upsert{}
		for i := range rows {
			up.IDs.AppendString(strings.Repeat("x", 1000) + string(rune('0'+i%10)) + string(rune('0'+i/10%10)) + string(rune(0x4e00+i/100)))
		}
		w, err := n.Write(ctx, sch, &change.Change{Parts: []change.Part{up}}, Batch{Producer: [16]byte{1}, Seq: seq})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if w := write(0, 10); w.Created != 10 || w.Repeated != 0 {
		t.Errorf("first: %+v", w)
	}
	if w := write(0, 10); w.Created+w.Updated != 0 || w.Repeated != 10 {
		t.Errorf("again: %+v", w)
	}
	if w := write(1, 4000); w.Created != 3990 || w.Updated != 10 || w.Repeated != 0 {
		t.Errorf("in several commands: %+v", w)
	}
	if w := write(1, 4000); w.Created+w.Updated != 0 || w.Repeated != 4000 {
		t.Errorf("in several commands again: %+v", w)
	}
	if w := write(0, 10); w.Repeated != 10 {
		t.Errorf("an old one again: %+v", w)
	}
}
