package oracle

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/storage/schema"
)

// kindVersion is the kind of version('2.10.1'); it exists only within expressions.
const kindVersion = schema.Kind(200)

// typ is the type of an expression. KindNull is the type of NULL, which fits everywhere.
type typ struct {
	kind  schema.Kind
	scale int
	exact bool // a quotient: compares exactly, prints with scale decimals
}

func (t typ) numeric() bool {
	return t.kind == schema.KindInt || t.kind == schema.KindDecimal || t.kind == schema.KindFloat
}

func (t typ) String() string {
	if t.kind == kindVersion {
		return "VERSION"
	}
	return t.kind.String()
}

func typeOf(t schema.Type) typ { return typ{kind: t.Kind, scale: int(t.Scale)} }

// val is one value at run time. Null is ok == false; which field holds it follows from the type.
type val struct {
	ok  bool
	b   bool     // BOOL
	r   *big.Rat // numbers; DURATION in ms
	i   int64    // DATE days, TIMESTAMP ms
	u   uint64   // KEY
	s   string   // TEXT, VERSION
	set []string // SET, sorted
}

var null = val{}

func boolean(b bool) val    { return val{ok: true, b: b} }
func number(r *big.Rat) val { return val{ok: true, r: r} }
func integer(i int64) val   { return number(new(big.Rat).SetInt64(i)) }
func text(s string) val     { return val{ok: true, s: s} }
func instant(i int64) val   { return val{ok: true, i: i} }

// isTrue is SQL's WHERE: unknown does not match.
func (v val) isTrue() bool { return v.ok && v.b }

func fromStored(v schema.Value) val {
	switch v.Kind {
	case schema.KindNull:
		return null
	case schema.KindBool:
		return boolean(v.I != 0)
	case schema.KindText:
		return text(v.S)
	case schema.KindSet:
		return val{ok: true, set: v.Set}
	case schema.KindKey:
		return val{ok: true, u: uint64(v.I)}
	case schema.KindDate, schema.KindTimestamp:
		return instant(v.I)
	}
	return number(rat(v))
}

// compare orders two values of one kind, neither null. Texts compare bytewise, FALSE before TRUE.
func compare(k schema.Kind, a, b val) int {
	switch k {
	case schema.KindBool:
		return boolToInt(a.b) - boolToInt(b.b)
	case schema.KindText:
		return strings.Compare(a.s, b.s)
	case schema.KindSet:
		return slices.Compare(a.set, b.set)
	case schema.KindDate, schema.KindTimestamp:
		return big.NewInt(a.i).Cmp(big.NewInt(b.i))
	case schema.KindKey:
		return new(big.Int).SetUint64(a.u).Cmp(new(big.Int).SetUint64(b.u))
	case kindVersion:
		return compareVersions(a.s, b.s)
	case schema.KindNull:
		return 0
	}
	return a.r.Cmp(b.r)
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Cell is one value of an answer as text, in the form that compares: INT 12, DECIMAL(2) 12.50 (all its
// digits), FLOAT the shortest digits that read back, BOOL true, TEXT as it is, DATE 2026-04-01, TIMESTAMP
// 2026-04-01T10:00:00.000Z, DURATION in whole milliseconds 90000ms, SET its texts quoted in braces,
// KEY 16 hexadecimal digits.
type Cell struct {
	Null bool
	Text string
}

// String returns the text, or NULL.
func (c Cell) String() string {
	if c.Null {
		return "NULL"
	}
	return c.Text
}

// FromValue returns a stored value as a Cell.
func FromValue(v schema.Value) Cell { return cell(typeOf(v.Type()), fromStored(v)) }

func cell(t typ, v val) Cell {
	if !v.ok {
		return Cell{Null: true}
	}
	return Cell{Text: cellText(t, v)}
}

func cellText(t typ, v val) string {
	switch t.kind {
	case schema.KindBool:
		return strconv.FormatBool(v.b)
	case schema.KindInt:
		return v.r.FloatString(0)
	case schema.KindDecimal:
		return shown(v.r, t.scale)
	case schema.KindFloat:
		f, _ := v.r.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64)
	case schema.KindDate:
		y, m, d := civil(v.i)
		return fmt.Sprintf("%04d-%02d-%02d", y, m, d)
	case schema.KindTimestamp:
		return time.UnixMilli(v.i).UTC().Format("2006-01-02T15:04:05.000Z")
	case schema.KindDuration:
		return v.r.FloatString(0) + "ms"
	case schema.KindKey:
		return fmt.Sprintf("%016x", v.u)
	case schema.KindSet:
		return setText(v.set)
	}
	return v.s
}

// shown rounds to at most 18 decimals, halves away from zero; zero has no sign.
func shown(r *big.Rat, scale int) string {
	s := r.FloatString(min(scale, schema.MaxScale))
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return s
}

func setText(set []string) string {
	quoted := make([]string, len(set))
	for i, s := range set {
		quoted[i] = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return "{" + strings.Join(quoted, ", ") + "}"
}
