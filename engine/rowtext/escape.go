package rowtext

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/musterdb/muster/engine/scalar"
)

// Eight bytes are looked at at once: has(x, c) has the high bit of each byte set that is c, below(x, n)
// of each below n ≤ 128. Bytes above the first found may be set wrongly, which only ever sends a text to
// the careful way.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func below(x uint64, n byte) uint64 { return (x - ones*uint64(n)) &^ x & highs }

func has(x uint64, c byte) uint64 { return below(x^ones*uint64(c), 1) }

// plainCSV says whether a CSV field stands without quotes. The empty text does not: bare it is null.
func plainCSV(s []byte) bool { return len(s) > 0 && !hasCSV(s) }

// hasCSV says whether a text holds what must stand in quotes.
func hasCSV(s []byte) bool {
	for len(s) >= 8 {
		x := binary.LittleEndian.Uint64(s)
		if has(x, ',')|has(x, '"')|has(x, '\n')|has(x, '\r') != 0 {
			return true
		}
		s = s[8:]
	}
	for _, c := range s {
		if c == ',' || c == '"' || c == '\n' || c == '\r' {
			return true
		}
	}
	return false
}

// cleanCSV says whether none of a column's texts but the empty ones needs quotes.
func cleanCSV(ends []int32, text []byte) bool {
	s := text[ends[0]:ends[len(ends)-1]]
	for _, c := range []byte{',', '"', '\n', '\r'} {
		if bytes.IndexByte(s, c) >= 0 {
			return false
		}
	}
	return true
}

// appendCSVText appends a CSV field, in quotes if it needs them.
func appendCSVText(dst, s []byte) []byte {
	if plainCSV(s) {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			break
		}
		dst = append(append(dst, s[:i+1]...), '"')
		s = s[i+1:]
	}
	return append(append(dst, s...), '"')
}

// plainJSON says whether a JSON string holds the text as it is; ascii says whether all of it is ASCII.
func plainJSON(s []byte) (plain, ascii bool) {
	high := uint64(0)
	for len(s) >= 8 {
		x := binary.LittleEndian.Uint64(s)
		if below(x, ' ')|has(x, '"')|has(x, '\\') != 0 {
			return false, false
		}
		high |= x
		s = s[8:]
	}
	for _, c := range s {
		if c < ' ' || c == '"' || c == '\\' {
			return false, false
		}
		high |= uint64(c)
	}
	return true, high&highs == 0
}

// cleanJSON says whether none of a column's texts needs an escape and all are UTF-8: their bytes together
// are, and none of them begins within a character.
func cleanJSON(ends []int32, text []byte) bool {
	from, to := ends[0], ends[len(ends)-1]
	plain, ascii := plainJSON(text[from:to])
	if !plain || ascii {
		return plain
	}
	if !utf8.Valid(text[from:to]) {
		return false
	}
	for _, at := range ends {
		if at < to && !utf8.RuneStart(text[at]) {
			return false
		}
	}
	return true
}

// appendJSONText appends a text as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendJSONText(dst, s []byte) []byte {
	if plain, ascii := plainJSON(s); !plain || !ascii && !utf8.Valid(s) {
		return scalar.AppendJSONText(dst, s)
	}
	dst = append(dst, '"')
	return append(append(dst, s...), '"')
}
