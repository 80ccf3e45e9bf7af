package storage

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// TestForget deletes a contact and forgets: no later image holds its texts and numbers, a pin from before
// reads them still, and a shard restored from an image goes on with the same bytes.
func TestForget(t *testing.T) {
	s := New(slab.New(), testSchema())
	u := texts(0, 50)
	number := intColumn()
	for i := range u.IDs.Len() {
		number.Ints = append(number.Ints, 5_000_000_000_000+int64(i))
	}
	number.Ints[7] = 7_234_567_890_123_456_789
	u.Cols = append(u.Cols, number)
	mustApply(t, s, u)
	pin := s.Pin()
	then := StateHash(pin.View())
	mustApply(t, s, &change.Delete{IDs: idsOf("c7")})
	for mustApply(t, s, &change.Maintain{}).Pending {
	}
	before := StateHash(&s.View)
	image := func(v *View) []byte {
		var b bytes.Buffer
		if err := WriteImage(v, &b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	secrets := [][]byte{[]byte("text 7\x06"), []byte("tag 7\x06"), binary.LittleEndian.AppendUint64(nil, 7_234_567_890_123_456_789)}
	secrets[0], secrets[1] = append([]byte{6}, "text 7"...), append([]byte{5}, "tag 7"...)
	for _, secret := range secrets {
		if !bytes.Contains(image(&s.View), secret) {
			t.Fatalf("%q is gone already: the test is none", secret)
		}
	}
	if p, err := s.Prepare(&change.Change{Parts: []change.Part{&change.Forget{}}}); err != nil {
		t.Fatal(err)
	} else {
		p.Abort()
	}
	mustApply(t, s, &change.Forget{})
	for _, secret := range secrets {
		if bytes.Contains(image(&s.View), secret) {
			t.Errorf("an image tells %q", secret)
		}
	}
	if StateHash(&s.View) != before || StateHash(pin.View()) != then {
		t.Error("the state has changed, or the pin's")
	}
	pin.Release()
	back, err := ReadImage(slab.New(), bytes.NewReader(image(&s.View)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 { // texts that were forgotten, kept and new, on both
		for _, one := range []*Shard{s, back} {
			mustApply(t, one, texts(5+i, 60))
			mustApply(t, one, &change.Forget{})
		}
		if !bytes.Equal(image(&s.View), image(&back.View)) {
			t.Fatal("the restored shard goes on differently")
		}
	}
	code, ok := s.Dict(attrOf(schema.KindText).ID).Code([]byte("text 7"))
	if !ok || s.Dict(attrOf(schema.KindText).ID).Text(code) != "text 7" {
		t.Error("a forgotten text cannot come again")
	}
	s.Free()
	if total, _ := s.arena.Used(); total != 0 {
		t.Errorf("%d bytes leak", total)
	}
	if _, err := New(slab.New(), testSchema()).Prepare(&change.Change{Parts: []change.Part{texts(0, 1), &change.Forget{}}}); err == nil {
		t.Error("a Forget beside other parts is taken")
	}
}
