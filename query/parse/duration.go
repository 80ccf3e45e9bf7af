package parse

import (
	"math"
	"strconv"
	"strings"

	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
)

// millis is the length of the units that have one; mo, q and y step the calendar and have none.
var millis = map[string]int64{
	"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000,
	"mo": 0, "q": 0, "y": 0,
}

// unitNamed returns the unit that an English word names, in any case, or "".
func unitNamed(word string) string {
	if len(word) > len("milliseconds") {
		return ""
	}
	return unitWords[strings.TrimSuffix(strings.ToLower(word), "s")]
}

var unitWords = map[string]string{
	"millisecond": "ms", "second": "s", "minute": "m", "hour": "h", "day": "d", "week": "w",
	"month": "mo", "quarter": "q", "year": "y",
}

// unitGuess maps what people write after digits to the units there are.
var unitGuess = map[string][]string{
	"M": {"m", "mo"}, "min": {"m"}, "mins": {"m"}, "mon": {"mo"}, "mth": {"mo"}, "mths": {"mo"}, "sec": {"s"}, "secs": {"s"},
	"hr": {"h"}, "hrs": {"h"}, "wk": {"w"}, "wks": {"w"}, "yr": {"y"}, "yrs": {"y"}, "qtr": {"q"}, "msec": {"ms"},
}

// duration reads 30d or 30 days; what says what was expected if it is neither.
func (p *parser) duration(what string) (*ast.Literal, error) {
	if p.tok.Type == tokMeasure {
		t := p.tok
		value, unit := splitMeasure(t.Value)
		text, err := canonicalDuration(value, unit, t.Value, spanOf(t))
		if err != nil {
			return nil, err
		}
		p.advance()
		return &ast.Literal{Kind: ast.LitDuration, Text: text, At: spanOf(t)}, nil
	}
	number := p.tok.Type == tokInt || p.tok.Type == tokDecimal
	if next := p.ahead(1); number && next.Type == tokIdent && unitNamed(next.Value) != "" {
		at := spanOf(p.tok).To(spanOf(next))
		text, err := canonicalDuration(p.tok.Value, unitNamed(next.Value), p.tok.Value+" "+next.Value, at)
		if err != nil {
			return nil, err
		}
		p.advance()
		p.advance()
		return &ast.Literal{Kind: ast.LitDuration, Text: text, At: at}, nil
	}
	f := p.expected(what)
	if number {
		f = f.hint("write %sd for days; the units are ms s m h d w mo q y", shorten(p.tok.Value, maxShown))
	}
	return nil, f
}

// splitMeasure cuts 0.25h into its number and its letters.
func splitMeasure(s string) (value, unit string) {
	n := 0
	for n < len(s) && (s[n] >= '0' && s[n] <= '9' || s[n] == '.') {
		n++
	}
	return s[:n], s[n:]
}

// canonicalDuration returns the one text of a duration, or says why it is none.
func canonicalDuration(value, unit, written string, at diag.Span) (string, error) {
	ms, ok := millis[unit]
	if !ok {
		return "", wrongUnit(value, unit, written, at)
	}
	whole, fraction, _ := strings.Cut(value, ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if whole == "" {
		whole = "0"
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || ms == 0 && n > math.MaxInt32 || ms > 0 && n > math.MaxInt64/ms/2 {
		return "", fail(diag.Limit, at, "the duration %s is too long", shorten(written, maxShown)).failure()
	}
	if fraction == "" {
		return whole + unit, nil
	}
	if !wholeMillis(fraction, ms) {
		return "", fractionOf(unit, ms, shorten(written, maxShown), at)
	}
	return whole + "." + fraction + unit, nil
}

// fractionOf reports a fraction that no instant can show.
func fractionOf(unit string, ms int64, written string, at diag.Span) error {
	if ms == 0 {
		return syntax(at, "%s: months, quarters and years have no fractions", written).hint("write a whole number of %s, or days", unitMeaning[unit])
	}
	return syntax(at, "%s is not a whole number of milliseconds", written).hint("time is kept in milliseconds; round it")
}

// wholeMillis tells whether 0.fraction of a unit is a whole number of milliseconds.
func wholeMillis(fraction string, ms int64) bool {
	const digits = 9 // 10^9 has more factors of 2 and 5 than any unit
	if ms == 0 || len(fraction) > digits {
		return false
	}
	f, scale := int64(0), int64(1)
	for i := range len(fraction) {
		f, scale = f*10+int64(fraction[i]-'0'), scale*10
	}
	return f*ms%scale == 0
}

// wrongUnit reports letters after digits that are no unit, and offers those that are near.
func wrongUnit(value, unit, written string, at diag.Span) error {
	f := syntax(at, "%s is no duration: the units are ms s m h d w mo q y", shorten(written, maxShown))
	guesses := unitGuess[unit]
	if guesses == nil {
		guesses = unitGuess[strings.ToLower(unit)]
	}
	lower := strings.ToLower(unit)
	if _, ok := millis[lower]; ok && guesses == nil {
		guesses = []string{lower}
	}
	if u := unitNamed(unit); u != "" && guesses == nil {
		guesses = []string{u}
	}
	if guesses == nil || len(value) > maxShown {
		return f
	}
	var offers []string
	for _, g := range guesses {
		offers = append(offers, value+g+" ("+unitMeaning[g]+")")
	}
	return f.hint("write %s", oneOf(offers))
}

var unitMeaning = map[string]string{
	"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days of 24 hours", "w": "weeks",
	"mo": "months", "q": "quarters", "y": "years",
}

// ordinal reads 2ND. It returns ok if the letters are those of some ordinal, and then what should have
// been written if that differs.
func ordinal(s string) (n uint64, right string, ok bool) {
	value, letters := splitMeasure(s)
	letters = strings.ToUpper(letters)
	if letters != "ST" && letters != "ND" && letters != "RD" && letters != "TH" {
		return 0, "", false
	}
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil || n == 0 {
		return 0, "1ST, 2ND, 3RD and so on", true
	}
	if suffix := print.OrdinalSuffix(n); suffix != letters {
		return n, strconv.FormatUint(n, 10) + suffix, true
	}
	return n, "", true
}
