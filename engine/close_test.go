package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// closingShard returns a shard with some contacts.
func closingShard(t *testing.T) *Shard {
	t.Helper()
	sch := schema.New(1, "shop", schema.BaseOptions{Spread: 1})
	sch.Attrs = []schema.Attribute{{ID: schema.FirstAttrID, Name: "city", Type: schema.Type{Kind: schema.KindText}}}
	sch.NextAttr = schema.FirstAttrID + 1
	sch.Version = 2
	s := NewShard(slab.New())
	u := &change.Upsert{Cols: []change.Column{{ID: uint32(schema.FirstAttrID), Type: sch.Attrs[0].Type}}}
	for i := range 5000 {
		u.IDs.AppendString(fmt.Sprintf("c%d", i))
		u.Cols[0].Texts.AppendString(fmt.Sprintf("city %d", i%1500))
	}
	if _, err := s.Apply(&change.Change{Parts: []change.Part{&change.Schema{To: sch}, u}}, 1); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCloseUnderReaders closes a shard while others ask, pin, count and write its image: they get what was
// there or an error, never freed memory. Under the race tag freed memory is poisoned.
func TestCloseUnderReaders(t *testing.T) {
	for range 10 {
		s := closingShard(t)
		want := s.StateHash()
		held, err := s.Pin()
		if err != nil {
			t.Fatal(err)
		}
		var before bytes.Buffer
		if err := held.WriteImage(&before); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for _, f := range []func() error{
			func() error {
				if h := s.StateHash(); h != want && h != 0 {
					return fmt.Errorf("hash %x, want %x", h, want)
				}
				return nil
			},
			func() error { s.Stats(); s.SchemaVersion(); return nil },
			func() error { return s.Read(func(v *storage.View) error { storage.StateHash(v); return nil }) },
			func() error {
				p, err := s.Pin()
				if err != nil {
					return err
				}
				defer p.Release()
				return p.WriteImage(io.Discard)
			},
		} {
			wg.Go(func() {
				for range 20 {
					if err := f(); err != nil && !errors.Is(err, ErrShardClosed) {
						t.Error(err)
					}
				}
			})
		}
		s.Close()
		s.Close()
		wg.Wait()
		var after bytes.Buffer
		if err := held.WriteImage(&after); err != nil || !bytes.Equal(before.Bytes(), after.Bytes()) {
			t.Errorf("the pinned image changed with the close: %v", err)
		}
		held.Release()
		if _, err := s.Apply(&change.Change{}, 2); !errors.Is(err, ErrShardClosed) {
			t.Errorf("a closed shard applied a change: %v", err)
		}
	}
}
