package storage

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// besideShard is a shard under the latch that package engine holds: Prepare runs beside readers, Commit
// does not.
type besideShard struct {
	sync.RWMutex
	*Shard
}

func (b *besideShard) apply(t *testing.T, parts ...change.Part) {
	t.Helper()
	p, err := b.Prepare(&change.Change{Parts: parts})
	if err != nil {
		t.Error(err)
		return
	}
	b.Lock()
	defer b.Unlock()
	p.Commit()
}

func texts(from, n int) *change.Upsert {
	text, set := attrOf(schema.KindText), attrOf(schema.KindSet)
	u := &change.Upsert{Cols: []change.Column{{ID: uint32(text.ID), Type: text.Type}, {ID: uint32(set.ID), Type: set.Type, SetOff: []uint32{0}}}}
	for i := from; i < from+n; i++ {
		u.IDs.AppendString(fmt.Sprintf("c%d", i))
		u.Cols[0].Texts.AppendString(fmt.Sprintf("text %d", i))
		u.Cols[1].Texts.AppendString(fmt.Sprintf("tag %d", i))
		u.Cols[1].SetOff = append(u.Cols[1].SetOff, uint32(i-from+1))
	}
	return u
}

// TestDictionariesBesideTheWriter looks texts up under the latch, asks for statistics and writes images of
// pins while changes with new texts are prepared, which make the dictionaries' tables anew.
func TestDictionariesBesideTheWriter(t *testing.T) {
	s := &besideShard{Shard: New(slab.New(), testSchema())}
	s.apply(t, texts(0, 10))
	attr := attrOf(schema.KindText).ID
	done := make(chan struct{})
	var readers sync.WaitGroup
	for _, f := range []func(){
		func() {
			for i := range 10 {
				text := fmt.Sprintf("text %d", i)
				if code, ok := s.Dict(attr).Code([]byte(text)); !ok || s.Dict(attr).Text(code) != text {
					t.Errorf("%q: code %d %v", text, code, ok)
				}
			}
		},
		func() { s.Stats() },
	} {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				s.RLock()
				f()
				s.RUnlock()
			}
		})
	}
	readers.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			s.RLock()
			p := s.Pin()
			s.RUnlock()
			if err := WriteImage(p.View(), io.Discard); err != nil {
				t.Error(err)
			}
			p.Release()
		}
	})
	for i := range 40 {
		s.apply(t, texts(10+i*100, 100))
	}
	close(done)
	readers.Wait()
}

// TestImageOfAPin writes the image of a pin before and after the shard has got more texts: it is the same,
// and can be read.
func TestImageOfAPin(t *testing.T) {
	s := New(slab.New(), testSchema())
	mustApply(t, s, texts(0, 100))
	p := s.Pin()
	defer p.Release()
	var before, after bytes.Buffer
	if err := WriteImage(p.View(), &before); err != nil {
		t.Fatal(err)
	}
	mustApply(t, s, texts(50, 6000))
	if _, err := s.Prepare(&change.Change{Parts: []change.Part{texts(9000, 10), &change.Track{Event: 77, IDs: idsOf("x"), Times: []int64{1}}}}); err == nil {
		t.Fatal("a change with an unknown event was taken")
	}
	if err := WriteImage(p.View(), &after); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before.Bytes(), after.Bytes()) {
		t.Errorf("%d bytes, later %d", before.Len(), after.Len())
	}
	if _, err := ReadImage(slab.New(), &after); err != nil {
		t.Error(err)
	}
}

// TestPinBetweenPrepareAndCommit takes a pin when a change is prepared and not yet committed: the pin must
// not see the change. Lifetime columns of 16,384 rows and more are changed in place.
func TestPinBetweenPrepareAndCommit(t *testing.T) {
	s := New(slab.New(), testSchema())
	const n = 20_000
	all := &change.Track{Event: 1}
	for i := range n {
		all.IDs.AppendString(fmt.Sprint(i))
		all.Times = append(all.Times, 1000)
	}
	mustApply(t, s, all)
	more := &change.Track{Event: 1, IDs: idsOf("7", "7", "8"), Times: []int64{5000, 6000, 7000}}
	prepared, err := s.Prepare(&change.Change{Parts: []change.Part{more}})
	if err != nil {
		t.Fatal(err)
	}
	p := s.Pin()
	defer p.Release()
	want := StateHash(p.View())
	prepared.Commit()
	if StateHash(p.View()) != want {
		t.Error("the pin's hash changed")
	}
	row, _ := s.Lookup([]byte("7"))
	life := p.View().Tile(1, 0).Life()
	if last, _ := life.Last(uint16(row)); life.Count(uint16(row)) != 1 || last != 1000 {
		t.Errorf("the pin sees %d events, the last at %d", life.Count(uint16(row)), last)
	}
	now := s.Tile(1, 0).Life()
	if last, _ := now.Last(uint16(row)); now.Count(uint16(row)) != 3 || last != 6000 {
		t.Errorf("the shard has %d events, the last at %d", now.Count(uint16(row)), last)
	}
}
