package guard

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// TestCheckPages holds page headers: type, uncompressed and compressed size, and a dictionary's values.
func TestCheckPages(t *testing.T) {
	page := func(uncompressed, compressed, values, body int) []byte {
		zig := func(b []byte, v int) []byte { return binary.AppendVarint(b, int64(v)) }
		b := zig([]byte{0x15}, 2)
		b = zig(append(b, 0x15), uncompressed)
		b = zig(append(b, 0x15), compressed)
		b = append(zig(append(b, 0x4c, 0x15), values), 0, 0)
		return append(b, make([]byte, body)...)
	}
	good := page(100, 50, 100, 50)
	for _, c := range []struct {
		name string
		data []byte
		bad  string
	}{
		{"good", append(bytes.Clone(good), good...), ""},
		{"past the column", page(100, 51, 1, 50), "within its column"},
		{"negative", page(100, -1, 1, 50), "within its column"},
		{"too large", page(1<<30, 50, 1, 50), ErrMemory.Error()},
		{"more values than bytes", page(100, 50, 101, 50), "more values"},
		{"no header", []byte{0xff, 0xff}, ErrParquet.Error()},
	} {
		err := CheckPages(bytes.NewReader(c.data), 0, int64(len(c.data)), 1<<20)
		if c.bad == "" && err != nil || c.bad != "" && (err == nil || !strings.Contains(err.Error(), c.bad)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.bad)
		}
	}
}
