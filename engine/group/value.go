package group

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/engine/scalar"
	"github.com/musterdb/muster/query/plan"
	"github.com/musterdb/muster/storage/schema"
)

// A value in a key or a state is a tag and what follows. Under one type, equal values have equal bytes and
// others differ: integers and decimals that 64 bits hold at the type's scale stand for themselves, other
// numbers have the canonical form of package exact.
const (
	tagNull   = 0
	tagWord   = 1 // 8 bytes: BOOL, INT and DECIMAL at the type's scale, DATE, TIMESTAMP, KEY, DURATION
	tagFloat  = 2 // 8 bytes
	tagNumber = 3 // exact.ReadCanonical
	tagText   = 4 // length, bytes
	tagSet    = 5 // number of texts, each as length, bytes
)

var errValue = errors.New("a value of a group is damaged")

// AppendNull appends the key of null.
func AppendNull(dst []byte) []byte { return append(dst, tagNull) }

// AppendWord appends the key of a value that lives in 64 bits, an INT or DECIMAL at its type's scale among them.
func AppendWord(dst []byte, v int64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, tagWord), uint64(v))
}

// AppendFloat appends the key of a FLOAT.
func AppendFloat(dst []byte, f float64) []byte {
	return binary.LittleEndian.AppendUint64(append(dst, tagFloat), math.Float64bits(f+0)) // −0 + 0 is 0
}

// AppendText appends the key of a TEXT.
func AppendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(append(dst, tagText), uint64(len(s))), s...)
}

// AppendValue appends the key of a value of an expression of type t.
func AppendValue(dst []byte, v scalar.Value, t plan.Type) []byte {
	switch {
	case v.Null():
		return AppendNull(dst)
	case v.IsNumber():
		return appendNumber(dst, v.Num, t)
	case v.Kind == schema.KindText:
		return AppendText(dst, v.S)
	case v.Kind == schema.KindSet:
		dst = binary.AppendUvarint(append(dst, tagSet), uint64(len(v.Set)))
		for _, s := range v.Set {
			dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
		}
		return dst
	}
	return AppendWord(dst, v.I)
}

func appendNumber(dst []byte, x exact.Number, t plan.Type) []byte {
	if t.Kind == schema.KindFloat || x.Float() {
		return AppendFloat(dst, x.Float64())
	}
	if n, ok := wordOf(x, t); ok {
		return AppendWord(dst, n)
	}
	return x.AppendCanonical(append(dst, tagNumber))
}

// wordOf returns an integer or decimal at the scale of its type, if it is one in 64 bits.
func wordOf(x exact.Number, t plan.Type) (int64, bool) {
	if int(t.Scale) == x.Scale() && !x.Quotient() {
		n, err := x.Unscaled(t.Scale)
		return n, err == nil
	}
	return x.Fits(t.Scale)
}

// readValue reads a value of type t and returns the bytes after it.
func readValue(b []byte, t plan.Type) (scalar.Value, []byte, error) {
	if len(b) == 0 {
		return scalar.Value{}, nil, errValue
	}
	tag, b := b[0], b[1:]
	switch tag {
	case tagNull:
		return scalar.Value{}, b, nil
	case tagWord, tagFloat:
		if len(b) < 8 {
			return scalar.Value{}, nil, errValue
		}
		w := binary.LittleEndian.Uint64(b)
		if tag == tagFloat {
			return scalar.Number(exact.FromFloat(math.Float64frombits(w))), b[8:], nil
		}
		return wordValue(int64(w), t), b[8:], nil
	case tagNumber:
		x, rest, err := exact.ReadCanonical(b)
		return numberValue(x, t), rest, err
	case tagText:
		s, rest, err := readText(b)
		return scalar.Text(s), rest, err
	case tagSet:
		return readSet(b)
	}
	return scalar.Value{}, nil, errValue
}

// wordValue returns a value of type t that lives in 64 bits.
func wordValue(w int64, t plan.Type) scalar.Value {
	if t.Numeric() {
		return numberValue(exact.Decimal(exact.Int(w), t.Scale), t)
	}
	return scalar.Value{Value: schema.Value{Kind: t.Kind, I: w}}
}

// numberValue returns a number with the kind and, if it has them, the decimals of its type.
func numberValue(x exact.Number, t plan.Type) scalar.Value {
	v := scalar.Number(x.Rescale(t.Scale))
	if t.Numeric() {
		v.Kind = t.Kind
	}
	return v
}

func readText(b []byte) (string, []byte, error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return "", nil, errValue
	}
	b = b[used:]
	return string(b[:n]), b[n:], nil
}

func readSet(b []byte) (scalar.Value, []byte, error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)) {
		return scalar.Value{}, nil, errValue
	}
	b = b[used:]
	texts := make([]string, n)
	var err error
	for i := range texts {
		if texts[i], b, err = readText(b); err != nil {
			return scalar.Value{}, nil, err
		}
	}
	return scalar.Value{Value: schema.Value{Kind: schema.KindSet, Set: texts}}, b, nil
}
