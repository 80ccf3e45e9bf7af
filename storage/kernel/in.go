package kernel

// in8Go looks up eight codes a step; w+w+t is one instruction and needs no shift.
func in8Go(out []uint64, x []uint8, t *Table8) {
	k := 0
	for ; len(x) >= 64; x = x[64:] {
		s := x[:64:64]
		w := uint64(0)
		for j := 56; j >= 0; j -= 8 {
			w = w<<8 | in8Step(s[j:j+8:j+8], t)
		}
		out[k] = w
		k++
	}
	if len(x) > 0 {
		w := uint64(0)
		for j, c := range x {
			w |= uint64(t[c]) << j
		}
		out[k] = w
	}
}

func in8Step(p []uint8, t *Table8) uint64 {
	_ = p[7]
	a := uint64(t[p[3]])
	b := uint64(t[p[7]])
	a = uint64(t[p[2]]) + a + a
	b = uint64(t[p[6]]) + b + b
	a = uint64(t[p[1]]) + a + a
	b = uint64(t[p[5]]) + b + b
	a = uint64(t[p[0]]) + a + a
	b = uint64(t[p[4]]) + b + b
	return a | b<<4
}

// In16 sets bit i of out where bit x[i] of set is set; codes beyond set are not in it.
func In16(out []uint64, x []uint16, set []uint64) { inBits(out, x, set) }

// In32 sets bit i of out where bit x[i] of set is set; codes beyond set are not in it.
func In32(out []uint64, x []uint32, set []uint64) { inBits(out, x, set) }

func inBits[T uint16 | uint32](out []uint64, x []T, set []uint64) {
	for k := 0; k < len(x); k += 64 {
		w := uint64(0)
		for j, c := range x[k:min(k+64, len(x))] {
			if i := uint(c >> 6); i < uint(len(set)) {
				w |= set[i] >> (c & 63) & 1 << j
			}
		}
		out[k>>6] = w
	}
}
