package command

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"reflect"
	"strings"
	"testing"
)

func sample() *Command {
	return &Command{
		Kind: 7, Stamp: 1_700_000_000_123, CommitIndex: 42, SchemaVersion: 9,
		Producer: Producer{ID: ProducerID{1, 2, 3, 15: 16}, Epoch: 5, Seq: 77},
		Payload:  []byte("payload"),
	}
}

// resum recomputes the checksum, so that a test reaches the checks behind it.
func resum(b []byte) []byte {
	n := len(b) - sumSize
	binary.LittleEndian.PutUint32(b[n:], crc32.Checksum(b[:n], castagnoli))
	return b
}

func encode(t testing.TB, c *Command) []byte {
	t.Helper()
	b, err := c.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRoundTrip(t *testing.T) {
	plain := sample()
	plain.Producer = Producer{}
	for name, c := range map[string]*Command{
		"full":     sample(),
		"plain":    plain,
		"empty":    {Payload: []byte{}},
		"negative": {Stamp: -1, Payload: []byte{0}},
		"largest":  {Kind: 255, Payload: make([]byte, MaxPayload), Producer: sample().Producer},
	} {
		b := encode(t, c)
		if len(b) != c.Size() || len(b) > MaxEncoded {
			t.Errorf("%s: %d bytes, Size says %d, MaxEncoded %d", name, len(b), c.Size(), MaxEncoded)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Errorf("%s: got %+v, want %+v", name, got, c)
		}
	}
}

// TestGolden holds the bytes of docs/reference/format-command.md still.
func TestGolden(t *testing.T) {
	const want = "0107010007000000" + "7b68e5cf8b010000" + "2a00000000000000" + "0900000000000000" +
		"01020300000000000000000000000010" + "05000000" + "4d00000000000000" + "7061796c6f6164" + "%"
	got := hex.EncodeToString(encode(t, sample()))
	if body := strings.TrimSuffix(want, "%"); !strings.HasPrefix(got, body) || len(got) != len(body)+8 {
		t.Errorf("encoding changed:\n got %s\nwant %s", got, want)
	}
}

func TestAppendRefusesLargePayload(t *testing.T) {
	c := &Command{Payload: make([]byte, MaxPayload+1)}
	b, err := c.Append([]byte("x"))
	if !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("got %v, want ErrTooLarge naming the limit", err)
	}
	if string(b) != "x" {
		t.Errorf("dst changed to %q", b)
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	b := encode(t, sample())
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := Decode(bad); !errors.Is(err, ErrChecksum) {
			t.Fatalf("bit %d: got %v, want ErrChecksum", i, err)
		}
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	b := encode(t, sample())
	for n := range b {
		if _, err := Decode(b[:n]); err == nil {
			t.Fatalf("decoded a prefix of %d bytes", n)
		}
	}
}

func TestDecodeIsStrict(t *testing.T) {
	set := func(off int, v byte) func([]byte) []byte {
		return func(b []byte) []byte { b[off] = v; return b }
	}
	for name, tc := range map[string]struct {
		change func([]byte) []byte
		want   error
	}{
		"version":       {set(offVersion, 2), ErrVersion},
		"flag":          {set(offFlags, 2), ErrMalformed},
		"reserved":      {set(offZero, 1), ErrMalformed},
		"length short":  {set(offLength, 6), ErrMalformed},
		"length long":   {set(offLength, 8), ErrMalformed},
		"length huge":   {set(offLength+3, 0xff), ErrMalformed},
		"zero producer": {func(b []byte) []byte { clear(b[headerSize : headerSize+16]); return b }, ErrMalformed},
		"no producer":   {func(b []byte) []byte { return append(b[:headerSize:headerSize], 0, 0, 0, 0) }, ErrMalformed},
		"trailing":      {func(b []byte) []byte { return append(b, 0) }, ErrMalformed},
	} {
		if _, err := Decode(resum(tc.change(encode(t, sample())))); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add(encode(f, &Command{}))
	f.Add([]byte{})
	f.Add(make([]byte, headerSize+sumSize))
	f.Fuzz(func(t *testing.T, b []byte) {
		checkDecode(t, b)
		if len(b) >= sumSize {
			checkDecode(t, resum(bytes.Clone(b)))
		}
	})
}

// checkDecode: what decodes encodes to the same bytes.
func checkDecode(t *testing.T, b []byte) {
	c, err := Decode(b)
	if err != nil {
		return
	}
	if again := encode(t, c); !bytes.Equal(again, b) {
		t.Fatalf("decoded %x, encoded %x", b, again)
	}
}

func BenchmarkRoundTrip64K(b *testing.B) {
	c := sample()
	c.Payload = make([]byte, 64<<10)
	buf := make([]byte, 0, c.Size())
	b.SetBytes(int64(len(c.Payload)))
	for b.Loop() {
		buf, _ = c.Append(buf[:0])
		if _, err := Decode(buf); err != nil {
			b.Fatal(err)
		}
	}
}
