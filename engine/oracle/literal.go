package oracle

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
)

// moment is what a date literal says: a span of days, or an instant.
type moment struct {
	dateOnly bool
	from, to int64 // dateOnly: days [from, to)
	ms       int64 // otherwise
}

var momentForm = regexp.MustCompile(
	`^(\d{4})-(\d{2})(?:-(\d{2})(?: (\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(Z|[+-]\d{2}:\d{2})?)?)?$`)

// parseMoment reads '2026-04', '2026-04-01' and '2026-04-01 10:00[:00[.000]][Z|+02:00]'; a local time is
// the zone's.
func parseMoment(z zone, s string) (moment, bool) {
	m := momentForm.FindStringSubmatch(s)
	if m == nil {
		return moment{}, false
	}
	n := make([]int, len(m))
	for i := 1; i <= 6; i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	if n[1] == 0 || n[2] < 1 || n[2] > 12 {
		return moment{}, false
	}
	if m[3] == "" {
		return moment{dateOnly: true, from: dayOfCivil(n[1], n[2], 1), to: dayOfCivil(n[1], n[2]+1, 1)}, true
	}
	day := dayOfCivil(n[1], n[2], n[3])
	if _, month, dom := civil(day); month != n[2] || dom != n[3] {
		return moment{}, false
	}
	if m[4] == "" {
		return moment{dateOnly: true, from: day, to: day + 1}, true
	}
	if n[4] > 23 || n[5] > 59 || n[6] > 59 {
		return moment{}, false
	}
	milli, _ := strconv.Atoi((m[7] + "000")[:3])
	ofDay := int64(((n[4]*60+n[5])*60+n[6])*1000 + milli)
	if m[8] == "" {
		return moment{ms: z.instant(day, ofDay)}, true
	}
	off, ok := parseOffset(m[8])
	return moment{ms: day*dayMS + ofDay - off}, ok
}

func parseOffset(s string) (int64, bool) {
	if s == "Z" {
		return 0, true
	}
	t, err := time.Parse("-07:00", s)
	if err != nil {
		return 0, false
	}
	_, sec := t.Zone()
	return int64(sec) * 1000, true
}

// span is a duration: months of the local calendar, or ms; never both.
type span struct{ months, ms int64 }

var unitMS = map[string]int64{"ms": 1, "s": 1000, "m": 60_000, "h": 3600_000, "d": dayMS, "w": 7 * dayMS}

var unitMonths = map[string]int64{"mo": 1, "q": 3, "y": 12}

// maxDuration bounds duration literals, in ms: 10,000 years of 366 days.
const maxDuration = 10_000 * 366 * dayMS

// parseDuration reads 30d, 0.25h, 2mo.
func parseDuration(l *ast.Literal) (span, error) {
	digits := strings.TrimRight(l.Text, "abcdefghijklmnopqrstuvwxyz")
	unit := l.Text[len(digits):]
	r, ok := new(big.Rat).SetString(strings.TrimSpace(digits))
	months, calendar := unitMonths[unit]
	ms, fixed := unitMS[unit]
	if !ok || l.Kind != ast.LitDuration || !calendar && !fixed {
		return span{}, diag.New(diag.Syntax, l.At, "%q is no duration", l.Text)
	}
	r.Mul(r, new(big.Rat).SetInt64(max(ms, months)))
	if !r.IsInt() {
		return span{}, diag.New(diag.Invalid, l.At, "%q is no whole number of milliseconds or months", l.Text)
	}
	limit := int64(maxDuration)
	if calendar {
		limit = 10_000 * 12
	}
	if !r.Num().IsInt64() || r.Num().Int64() > limit {
		return span{}, diag.New(diag.Overflow, l.At, "%q is longer than 10,000 years", l.Text)
	}
	if calendar {
		return span{months: r.Num().Int64()}, nil
	}
	return span{ms: r.Num().Int64()}, nil
}

// shift moves an instant by n times the duration (n is 1 or -1).
func (d span) shift(z zone, ms int64, n int64) int64 {
	if d.months != 0 {
		return z.addMonths(ms, n*d.months)
	}
	return ms + n*d.ms
}

// wholeDays says whether the duration moves a DATE to a DATE.
func (d span) wholeDays() bool { return d.ms%dayMS == 0 }

// shiftDay moves a day; a duration that is not whole days moves the day's first midnight, or for today
// the clock, and takes the day of the result.
func (d span) shiftDay(z zone, day, from int64, n int64) int64 {
	switch {
	case d.months != 0:
		return addMonthsToDay(day, n*d.months)
	case d.wholeDays():
		return day + n*(d.ms/dayMS)
	}
	return z.dayOf(from + n*d.ms)
}

// numberLiteral reads INT, DECIMAL, FLOAT and PERCENT literals.
func numberLiteral(l *ast.Literal) (*big.Rat, typ, error) {
	digits := strings.TrimSpace(l.Text)
	if l.Kind == ast.LitFloat {
		return floatLiteral(l, digits)
	}
	r, ok := new(big.Rat).SetString(digits)
	if !ok {
		return nil, typ{}, diag.New(diag.Syntax, l.At, "%q is no number", l.Text)
	}
	scale := 0
	if dot := strings.IndexByte(digits, '.'); dot >= 0 {
		scale = len(digits) - dot - 1
	}
	if l.Kind == ast.LitPercent {
		r.Quo(r, pow10(2))
		scale += 2
	}
	t := decimalType(scale)
	if n := new(big.Rat).Mul(r, pow10(t.scale)).Num(); !n.IsInt64() && !new(big.Int).Neg(n).IsInt64() { // -2^63 can be written
		return nil, typ{}, diag.New(diag.Overflow, l.At, "%s does not fit in 64 bits", l.Text)
	}
	return r, t, nil
}

// floatLiteral rounds once to the nearest FLOAT. It does not go through a fraction: 1e999999999 would
// fill the memory.
func floatLiteral(l *ast.Literal, digits string) (*big.Rat, typ, error) {
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return nil, typ{}, diag.New(diag.Overflow, l.At, "%s does not fit in FLOAT", l.Text)
	}
	return new(big.Rat).SetFloat64(f), typ{kind: kFloat}, nil
}

// toFloat rounds to the nearest FLOAT; false if that is infinite.
func toFloat(r *big.Rat) (*big.Rat, bool) {
	f, _ := r.Float64()
	out := new(big.Rat).SetFloat64(f)
	return out, out != nil
}

var (
	min128 = new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 127))
	max128 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 127), big.NewInt(1))
)

// fits128 says whether an INT or DECIMAL value fits in 128 bits at its scale.
func fits128(r *big.Rat, t typ) bool {
	if t.exact || t.kind == kFloat {
		return true
	}
	n := new(big.Rat).Mul(r, pow10(t.scale))
	return n.Num().Cmp(min128) >= 0 && n.Num().Cmp(max128) <= 0
}

var versionForm = regexp.MustCompile(`^v?(\d+(?:\.\d+)*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$`)

// validVersion says whether a text is a version: numbers with points between them, v before them, a
// pre-release after -, a build after +.
func validVersion(s string) bool { return versionForm.MatchString(s) }

// compareVersions compares number by number, a missing number is 0; then as SemVer: a pre-release is
// before its release, the build does not count.
func compareVersions(a, b string) int {
	ma, mb := versionForm.FindStringSubmatch(a), versionForm.FindStringSubmatch(b)
	na, nb := strings.Split(ma[1], "."), strings.Split(mb[1], ".")
	for i := range max(len(na), len(nb)) {
		if c := partOf(na, i).Cmp(partOf(nb, i)); c != 0 {
			return c
		}
	}
	switch {
	case ma[2] == mb[2]:
		return 0
	case ma[2] == "":
		return 1
	case mb[2] == "":
		return -1
	}
	return comparePre(strings.Split(ma[2], "."), strings.Split(mb[2], "."))
}

func partOf(parts []string, i int) *big.Int {
	n := new(big.Int)
	if i < len(parts) {
		n.SetString(parts[i], 10)
	}
	return n
}

// comparePre compares pre-releases as SemVer does: numbers before texts, a prefix before the longer.
func comparePre(a, b []string) int {
	for i := range min(len(a), len(b)) {
		x, xn := new(big.Int).SetString(a[i], 10)
		y, yn := new(big.Int).SetString(b[i], 10)
		var c int
		switch {
		case xn && yn:
			c = x.Cmp(y)
		case xn != yn:
			c = boolToInt(yn) - boolToInt(xn)
		default:
			c = strings.Compare(a[i], b[i])
		}
		if c != 0 {
			return c
		}
	}
	return len(a) - len(b)
}

// ParseInstant reads a date literal as an instant in ms; a date-only one is its first midnight in the
// zone (an IANA name or an offset such as -05:00).
func ParseInstant(zoneName, s string) (int64, error) {
	z, err := loadZone(zoneName)
	if err != nil {
		return 0, err
	}
	m, ok := parseMoment(z, s)
	if !ok {
		return 0, refuse(diag.Type, "%q is no date", s)
	}
	return (&compiler{db: &DB{zone: z}}).start(m), nil
}

// ParseDay reads '2026-04-01' as days since 1970-01-01.
func ParseDay(s string) (int64, error) {
	m, ok := parseMoment(zone{time.UTC}, s)
	if !ok || !m.dateOnly {
		return 0, refuse(diag.Type, "%q is no day", s)
	}
	return m.from, nil
}
