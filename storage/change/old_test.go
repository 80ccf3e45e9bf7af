package change

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/musterdb/muster/storage/schema"
)

// TestVersionOne reads bytes that the first format's own program wrote: what they say has not changed.
func TestVersionOne(t *testing.T) {
	lines, err := os.ReadFile("testdata/v1.hex")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[reflect.Type]int{}
	for i, line := range strings.Fields(string(lines)) {
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		ch, err := Decode(b)
		if err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		for _, p := range ch.Parts {
			kinds[reflect.TypeOf(p)]++
		}
		now := Encode(nil, ch)
		if now[0] != Version || !hasSchema(ch) && !bytes.Equal(now[1:], b[1:]) {
			t.Errorf("line %d: the bytes behind the version changed", i)
		}
		if again, err := Decode(now); err != nil || !reflect.DeepEqual(again, ch) {
			t.Errorf("line %d: %v", i, err)
		}
	}
	if len(kinds) != 7 {
		t.Errorf("the file has parts %v, not all seven of the first version", kinds)
	}
}

// TestOtherVersions are refused, not guessed at.
func TestOtherVersions(t *testing.T) {
	for _, v := range []byte{0, Version + 1, 255} {
		_, err := Decode([]byte{v, 0})
		if !errors.Is(err, ErrBytes) || !strings.Contains(err.Error(), "this program knows 1 to 2") {
			t.Errorf("version %d: %v", v, err)
		}
	}
}

// TestSchemaBytes: a shard is told of static segments by id and attribute, of others not at all; and a schema
// of before there were segments is read.
func TestSchemaBytes(t *testing.T) {
	s := schema.New(7, "shop", schema.BaseOptions{Spread: 1})
	old := encoder{}
	old.schema(s)
	if got, err := DecodeSchema(old.b); err != nil || len(got.Segments) != 0 {
		t.Fatalf("%v %v", got, err)
	}
	s.NextAttr += 2
	s.Segments = []schema.Segment{
		{ID: 1, Name: "plain secret", Text: "age > 3"},
		{ID: 2, Name: "static secret", Text: "age > 4", Attr: 16, Created: 5, Uses: []schema.SegmentID{1}},
		{ID: 4, Attr: 17, Building: true},
	}
	b := EncodeSchema(nil, s)
	if bytes.Contains(b, []byte("secret")) || bytes.Contains(b, []byte("age")) {
		t.Error("the bytes hold names or conditions of segments")
	}
	got, err := DecodeSchema(b)
	if want := []schema.Segment{{ID: 2, Attr: 16}, {ID: 4, Attr: 17}}; err != nil || !reflect.DeepEqual(got.Segments, want) {
		t.Errorf("%v %v", got, err)
	}
}
