package scalar

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/musterdb/muster/engine/exact"
	"github.com/musterdb/muster/query/calendar"
	"github.com/musterdb/muster/storage/schema"
)

// The functions below read a text as a value of a type. They are what TRY_CAST, COPY and bulk ingest share,
// so that a text means the same wherever it comes from. Spaces at both ends do not count. Each error is a
// short reason such as `"12,5" is not a number`, for a row's rejection.

// ParseBool reads true/false, t/f, yes/no, y/n, on/off and 1/0, in any case.
func ParseBool(text string) (bool, error) {
	switch strings.ToLower(trim(text)) {
	case "true", "t", "yes", "y", "on", "1":
		return true, nil
	case "false", "f", "no", "n", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%s is not true or false", quote(text))
}

// ParseNumber reads a number exactly.
func ParseNumber(text string) (exact.Number, error) {
	x, err := exact.Parse(trim(text))
	if err != nil {
		return x, numberError(text, err)
	}
	return x, nil
}

// ParseFixed reads a number as the unscaled value of a DECIMAL (scale 0: an INT). More decimals than the
// scale are an error unless they are zeros.
func ParseFixed(text string, scale uint8) (int64, error) {
	if v, ok := parseShort(text, scale); ok {
		return v, nil
	}
	x, err := exact.Parse(trim(text))
	if err != nil {
		return 0, numberError(text, err)
	}
	if v, ok := x.Fits(scale); ok {
		return v, nil
	}
	return 0, fixedError(quote(text), x, scale)
}

// parseShort is the fast path of ParseFixed: up to 18 digits without exponent and without spaces.
func parseShort(text string, scale uint8) (v int64, ok bool) {
	i, negative := 0, false
	if text != "" && text[0] == '-' {
		i, negative = 1, true
	}
	if len(text) == i || len(text) > 18 {
		return 0, false
	}
	left := -1 // decimals still allowed; −1 before the point
	for ; i < len(text); i++ {
		c := text[i] - '0'
		switch {
		case c <= 9 && left != 0:
			v = v*10 + int64(c)
			if left > 0 {
				left--
			}
		case text[i] == '.' && left < 0 && scale > 0 && i+1 < len(text):
			left = int(scale)
		default:
			return 0, false
		}
	}
	if left < 0 {
		left = int(scale)
	}
	if len(text)+left > 18 {
		return 0, false
	}
	for ; left > 0; left-- {
		v *= 10
	}
	if negative {
		v = -v
	}
	return v, true
}

// fixedError says why a number is no value of a scale.
func fixedError(text string, x exact.Number, scale uint8) error {
	rounded, err := x.Round(int(scale))
	t := schema.Type{Kind: schema.KindInt}
	if scale > 0 {
		t = schema.Type{Kind: schema.KindDecimal, Scale: scale}
	}
	switch {
	case err != nil || exact.Cmp(rounded, x) == 0:
		return fmt.Errorf("%s is too large for %s", text, t)
	case scale == 0:
		return fmt.Errorf("%s is not a whole number", text)
	}
	return fmt.Errorf("%s has more than %d decimals", text, scale)
}

// ParseFloat reads a number as the nearest FLOAT.
func ParseFloat(text string) (float64, error) {
	f, err := exact.ParseFloat(trim(text))
	if err != nil {
		return 0, numberError(text, err)
	}
	return f, nil
}

func numberError(text string, err error) error {
	if errors.Is(err, exact.ErrOverflow) {
		return fmt.Errorf("%s is out of the range of numbers", quote(text))
	}
	return fmt.Errorf("%s is not a number", quote(text))
}

// ParseDay reads a DATE. A text with a time of day is a DATE only at midnight on its own clock; a text
// with a month only is none.
func ParseDay(text string, zone *calendar.Zone) (int64, error) {
	s := trim(text)
	day, p, err := calendar.ParseDate(s)
	if err == nil && p == calendar.ToDay {
		return day, nil
	}
	if err == nil {
		return 0, fmt.Errorf("%s is a month, not a day", quote(text))
	}
	if _, p, err2 := zone.ParseInstant(s); err2 != nil || p < calendar.ToMinute || len(s) < 10 {
		return 0, dateError(text, err)
	}
	// The first ten characters are the day; the clock as written must show midnight.
	if strings.Trim(clock(s[10:]), "T :.0") != "" {
		return 0, fmt.Errorf("%s has a time of day, which a DATE does not", quote(text))
	}
	day, _, err = calendar.ParseDate(s[:10])
	return day, err
}

// clock cuts the zone off a written time of day.
func clock(s string) string {
	if i := strings.IndexAny(s, "Z+-"); i >= 0 {
		return s[:i]
	}
	return s
}

// ParseInstant reads a TIMESTAMP in ms: without Z or an offset by the local clock of the zone; a day is
// its first midnight.
func ParseInstant(text string, zone *calendar.Zone) (int64, error) {
	at, p, err := zone.ParseInstant(trim(text))
	if err != nil {
		return 0, dateError(text, err)
	}
	if p == calendar.ToMonth {
		return 0, fmt.Errorf("%s is a month, not an instant", quote(text))
	}
	return at, nil
}

func dateError(text string, err error) error {
	if errors.Is(err, calendar.ErrForm) {
		return fmt.Errorf("%s is not a date; write it like %s", quote(text), calendar.Forms)
	}
	return fmt.Errorf("%s: %w", quote(text), err)
}

// ParseSet reads a SET: a JSON array of texts, else the text itself as the one element. The elements are
// in the order written and may repeat.
func ParseSet(text string) ([]string, error) {
	elems := []string{text}
	if s := trim(text); s != "" && s[0] == '[' {
		var array []string
		if json.Unmarshal([]byte(s), &array) == nil {
			elems = array
		}
	}
	return elems, CheckSet(elems)
}

// CheckSet says whether a SET's elements are within the limits.
func CheckSet(elems []string) error {
	if len(elems) > schema.MaxSetValues {
		return fmt.Errorf("the set has %d values; the most is %d", len(elems), schema.MaxSetValues)
	}
	for _, e := range elems {
		if len(e) > schema.MaxSetValueBytes {
			return fmt.Errorf("a value of the set has %d bytes; the longest is %d", len(e), schema.MaxSetValueBytes)
		}
	}
	return nil
}

// CheckText says whether a TEXT is UTF-8 and within the limit.
func CheckText(text string) error {
	if len(text) > schema.MaxTextBytes {
		return fmt.Errorf("the text has %d bytes; the longest is %d", len(text), schema.MaxTextBytes)
	}
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s is not UTF-8", quote(text))
	}
	return nil
}

func trim(s string) string { return strings.Trim(s, " \t\r\n") }

// quote returns a text for a message, shortened to what a line holds.
func quote(text string) string {
	const most = 60
	if len(text) <= most {
		return fmt.Sprintf("%q", text)
	}
	cut := most
	for cut > most-4 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return fmt.Sprintf("%q…", text[:cut])
}
