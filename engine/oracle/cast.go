package oracle

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// tryCast is TRY_CAST: null where the value does not fit. Texts are read as literals of the language are
// written, spaces round them ignored; numbers are rounded, halves away from zero.
func (c *compiler) tryCast(e *ast.TryCast, sc scope) (node, error) {
	x, err := c.expr(e.X, sc)
	if err != nil {
		return x, err
	}
	st, err := schema.ParseType(e.Type.Name, e.Type.Args)
	if err != nil {
		return x, diag.New(diag.Type, e.Type.At, "%v", err)
	}
	t := typeOf(st)
	f := c.caster(x.t, t)
	if f == nil || x.calendar() {
		return x, diag.New(diag.Type, e.At, "%s cannot be cast to %s", x.t, t)
	}
	return mapped(x, t, func(_ *env, v val) val { return f(v) }), nil
}

func (c *compiler) caster(from, to typ) func(val) val {
	same := func(v val) val { return v }
	switch {
	case from.kind == kNull:
		return same
	case to.numeric() && to.kind != kFloat && from.kind == kFloat:
		return func(v val) val { return castNumber(shortest(v.r), to) }
	case to.numeric() && from.numeric():
		return func(v val) val { return castNumber(v.r, to) }
	case from.kind == to.kind:
		return same
	case to.kind == kText && from.kind != kindVersion:
		return func(v val) val { return text(cellText(from, v)) }
	case to.kind == kDate && from.kind == kTimestamp:
		return func(v val) val { return instant(c.db.zone.dayOf(v.i)) }
	case to.kind == kTimestamp && from.kind == kDate:
		return func(v val) val { return instant(c.db.zone.midnight(v.i)) }
	case from.kind == kText:
		return c.textCaster(to)
	}
	return nil
}

var numberForm = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?$`)

func (c *compiler) textCaster(to typ) func(val) val {
	trim := func(v val) string { return strings.Trim(v.s, " \t\r\n") }
	switch {
	case to.numeric():
		return func(v val) val {
			s := trim(v)
			if !numberForm.MatchString(s) {
				return null
			}
			r, _ := new(big.Rat).SetString(s)
			return castNumber(r, to)
		}
	case to.kind == kBool:
		return func(v val) val {
			switch strings.ToLower(trim(v)) {
			case "true", "t", "yes", "y", "on", "1":
				return boolean(true)
			case "false", "f", "no", "n", "off", "0":
				return boolean(false)
			}
			return null
		}
	case to.kind == kDate || to.kind == kTimestamp:
		return func(v val) val { return c.castMoment(trim(v), to) }
	}
	return nil
}

// shortest is a FLOAT as it is printed: 2.55 is 2.55, not the nearest fraction of two.
func shortest(r *big.Rat) *big.Rat {
	f, _ := r.Float64()
	out, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return out
}

func castNumber(r *big.Rat, to typ) val {
	if to.kind == kFloat {
		f, ok := toFloat(r)
		return val{ok: ok, r: f}
	}
	rounded, _ := new(big.Rat).SetString(r.FloatString(to.scale))
	unscaled := new(big.Rat).Mul(rounded, pow10(to.scale))
	return val{ok: unscaled.Num().IsInt64(), r: rounded}
}

// castMoment reads a day or an instant; a month is neither, and a text with a time of day is a DATE only
// if its clock shows midnight.
func (c *compiler) castMoment(s string, to typ) val {
	if len(s) > 10 && s[10] == 'T' { // files write instants as ISO does
		s = s[:10] + " " + s[11:]
	}
	m, ok := parseMoment(c.db.zone, s)
	switch {
	case !ok || len(s) < len("2026-04-01"):
		return null
	case to.kind == kTimestamp:
		return instant(c.start(m))
	case m.dateOnly:
		return instant(m.from)
	case midnightForm.MatchString(s[10:]):
		day, _ := parseMoment(c.db.zone, s[:10])
		return instant(day.from)
	}
	return null
}

var midnightForm = regexp.MustCompile(`^ 00:00(:00(\.0+)?)?(Z|[+-]|$)`)
