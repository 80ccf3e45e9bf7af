package load

import (
	"bytes"
	"encoding/csv"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"
)

// TestCSVLines counts records, in pieces of any length, as encoding/csv does.
func TestCSVLines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	fields := []string{"a", "", `"`, "two\nlines", "x,y", `""`, "\n"}
	for range 200 {
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		n := rng.IntN(20)
		for range n {
			if err := w.Write([]string{fields[rng.IntN(len(fields))], fields[rng.IntN(len(fields))]}); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		var c csvLines
		for rest := b.Bytes(); len(rest) > 0; {
			k := 1 + rng.IntN(len(rest))
			if _, err := c.Write(rest[:k]); err != nil {
				t.Fatal(err)
			}
			rest = rest[k:]
		}
		if c.n != int64(n) {
			t.Fatalf("%d records, want %d, in %q", c.n, n, b.String())
		}
	}
}

// TestCopyLines leaves out the last line however the stream is cut, and takes nothing else for an end.
func TestCopyLines(t *testing.T) {
	rows := "{\"a\":1}\n{\"@end\":{\"rows\":7}}\n{\"a\":\"" + strings.Repeat("x", 1000) + "\"}\n"
	for _, read := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, iotest.DataErrReader} {
		var out bytes.Buffer
		n, err := copyLines(&out, read(strings.NewReader(rows+"{\"@end\":{\"rows\":3}}\n")))
		if err != nil || n != 3 || out.String() != rows {
			t.Errorf("%d rows, %d bytes of %d (%v)", n, out.Len(), len(rows), err)
		}
	}
	for text, want := range map[string]string{
		rows: "cut off", "": "cut off", rows + "{\"@end\":{\"ro": "cut off",
		rows + "{\"@error\":{\"code\":\"LIMIT\",\"message\":\"too long\",\"rendered\":\"error: too long\"}}\n": "too long",
	} {
		if _, err := copyLines(io.Discard, strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q ends with %v, want %s", text, err, want)
		}
	}
}
