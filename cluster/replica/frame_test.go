package replica

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
)

func frames(t testing.TB, payload []byte) ([]byte, totals) {
	t.Helper()
	var buf bytes.Buffer
	w, err := newFrameWriter(&buf)
	if err != nil {
		t.Fatal(err)
	}
	for rest := payload; len(rest) > 0; { // uneven writes
		n := min(len(rest), 1+len(rest)/3)
		if _, err := w.Write(rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	sum, err := w.finish()
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes(), sum
}

func TestFramesRoundTrip(t *testing.T) {
	for _, n := range []int{0, 1, 63, 64, 65, 65535, 65536, maxFrame - 1, maxFrame, maxFrame + 1, 2 * maxFrame, 2*maxFrame + 7} {
		payload := make([]byte, n)
		for i := range payload {
			payload[i] = byte(i * 31)
		}
		b, sum := frames(t, payload)
		got, err := io.ReadAll(newFrameReader(bytes.NewReader(b), sum))
		if err != nil || !bytes.Equal(got, payload) {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
		if want := (n + maxFrame - 1) / maxFrame; int(sum.frames) != want {
			t.Errorf("%d bytes: %d frames, want %d", n, sum.frames, want)
		}
		if err := iotest.TestReader(newFrameReader(bytes.NewReader(b), sum), payload); n < 1000 && err != nil {
			t.Error(err)
		}
	}
}

// TestFramesFindEveryFlip: no reader gets to the end of a damaged file.
func TestFramesFindEveryFlip(t *testing.T) {
	b, sum := frames(t, []byte("some state that matters"))
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		checkDamaged(t, bad, sum)
	}
	for n := range b {
		checkDamaged(t, b[:n], sum)
	}
	checkDamaged(t, append(bytes.Clone(b), 0), sum)
}

func checkDamaged(t *testing.T, b []byte, sum totals) {
	t.Helper()
	got, err := io.ReadAll(newFrameReader(bytes.NewReader(b), sum))
	var fe *frameError
	if !errors.As(err, &fe) || len(got) != 0 {
		t.Fatalf("read %d bytes of a damaged file, error %v", len(got), err)
	}
}

// TestDamagedFrameIsNotHandedOut: a state machine that builds while it reads
// never sees bytes that were not written.
func TestDamagedFrameIsNotHandedOut(t *testing.T) {
	payload := bytes.Repeat([]byte{1}, 3*maxFrame)
	b, sum := frames(t, payload)
	b[len(stateMagic)+2*frameHeaderSize+maxFrame+100] ^= 1 // in the second of three
	got, err := io.ReadAll(newFrameReader(bytes.NewReader(b), sum))
	var fe *frameError
	if !errors.As(err, &fe) || !bytes.Equal(got, payload[:maxFrame]) {
		t.Errorf("%d bytes were handed out, error %v; want the first frame", len(got), err)
	}
}

// TestFramesCannotChangePlaces: both frames are whole, their order is not.
func TestFramesCannotChangePlaces(t *testing.T) {
	payload := bytes.Repeat([]byte{1}, maxFrame)
	payload = append(payload, bytes.Repeat([]byte{2}, maxFrame)...)
	b, sum := frames(t, payload)
	const one = frameHeaderSize + maxFrame
	swapped := append([]byte(stateMagic), b[8+one:]...)
	swapped = append(swapped, b[8:8+one]...)
	if got, err := io.ReadAll(newFrameReader(bytes.NewReader(swapped), sum)); err == nil || len(got) > 0 {
		t.Errorf("%d bytes of frames in another order were handed out, error %v", len(got), err)
	}
}

func FuzzFrameReader(f *testing.F) {
	b, sum := frames(f, []byte("seed"))
	f.Add(b, sum.bytes, sum.frames, sum.root)
	f.Add([]byte{}, uint64(0), uint32(0), uint64(0))
	f.Add([]byte(stateMagic+"\xff\xff\xff\xff"), uint64(1)<<63, uint32(1), uint64(0))
	f.Fuzz(func(t *testing.T, b []byte, size uint64, n uint32, root uint64) {
		want := totals{bytes: size, frames: n, root: root}
		got, err := io.ReadAll(newFrameReader(bytes.NewReader(b), want))
		if err != nil {
			return
		}
		if uint64(len(got)) != size {
			t.Fatalf("read %d bytes without an error, the manifest says %d", len(got), size)
		}
	})
}

func sampleManifest() *manifest {
	return &manifest{group: "d07", index: 9, term: 2, fsmIndex: 8, stamp: -5, configIndex: 1, config: []byte{1, 2}, totals: totals{100, 1, 7}}
}

func TestManifest(t *testing.T) {
	m := sampleManifest()
	b := m.encode()
	got, err := decodeManifest(b)
	if err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for i := range len(b) * 8 {
		bad := bytes.Clone(b)
		bad[i/8] ^= 1 << (i % 8)
		if _, err := decodeManifest(bad); !errors.Is(err, errManifest) {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add(sampleManifest().encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := decodeManifest(b); err == nil && !bytes.Equal(m.encode(), b) {
			t.Fatalf("decoded %x, encoded %x", b, m.encode())
		}
	})
}

func FuzzScanSegment(f *testing.F) {
	f.Add(make([]byte, 64), uint64(1))
	f.Add(append(make([]byte, walHeader), walEntry, 0, 0, 0, 4, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, walCommit, 0, 0, 0, 0, 0, 0, 0), uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, base uint64) {
		s := scanSegment(b, base)
		if s.end > int64(len(b)) || s.indexStart > uint64(len(b)) {
			t.Fatalf("%+v of %d bytes", s, len(b))
		}
	})
}
