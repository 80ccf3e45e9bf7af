package guard

import "testing"

// TestOddVTable: the decoder takes a field to be there if its entry begins within the vtable, so the guard must.
// A schema whose vtable was one byte short had metadata of any length, which killed the process.
func TestOddVTable(t *testing.T) {
	b := make([]byte, 24)
	b[4+2*2] = 8 // the entry of field 2: 8 bytes into the table
	b[12] = 12   // the table, whose vtable lies 12 bytes before it
	for size, want := range map[byte]uint32{8: 0, 9: 20, 10: 20} {
		b[0] = size
		f := flat{b: b}
		if got := f.field(12, 2); got != want || f.bad {
			t.Errorf("in a vtable of %d bytes field 2 is at %d, want %d", size, got, want)
		}
	}
}
