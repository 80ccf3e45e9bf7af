package calendar

import (
	"errors"
	"fmt"
	"strconv"
)

// Precision is how much of an instant a text gives.
type Precision uint8

// The precisions.
const (
	ToMonth  Precision = iota // 2026-04
	ToDay                     // 2026-04-01
	ToMinute                  // 2026-04-01 10:00
	ToSecond                  // 2026-04-01 10:00:00
	ToMilli                   // 2026-04-01 10:00:00.000
)

// Forms says which texts are dates, for messages.
const Forms = "'2026-04-01', '2026-04-01 10:00', '2026-04-01 10:00:00.000' or with Z or +02:00 at the end"

// ErrForm is what a text that is no date is refused with.
var ErrForm = errors.New("not a date")

// moment is what a text says: a local clock time, or an instant where the text has a zone.
type moment struct {
	day       int64
	ofDay     int64 // ms since midnight
	offset    int64
	zoned     bool
	precision Precision
}

// ParseDate returns the day that a text without a time of day names; 2026-04 is the month's first day.
// The error says what is wrong: ErrForm, or a date that does not exist.
func ParseDate(s string) (day int64, p Precision, err error) {
	m, err := parse(s)
	if err == nil && m.precision > ToDay {
		err = errors.New("a DATE is a day without a time")
	}
	return m.day, m.precision, err
}

// ParseInstant returns the instant that a text names: with Z or an offset that one, else by the zone's
// local clock; a day or a month is its first midnight. Digits after the milliseconds are cut off.
func (z *Zone) ParseInstant(s string) (ms int64, p Precision, err error) {
	m, err := parse(s)
	switch {
	case err != nil:
		return 0, m.precision, err
	case m.zoned:
		return m.day*Day + m.ofDay - m.offset, m.precision, nil
	case m.precision <= ToDay:
		return z.Midnight(m.day), m.precision, nil
	}
	return z.Instant(m.day*Day + m.ofDay), m.precision, nil
}

// scanner reads digits and separators; after a mistake it reads nothing.
type scanner struct {
	s      string
	failed bool
}

func (p *scanner) digits(n int) (v int64) {
	if p.failed || len(p.s) < n {
		p.failed = true
		return 0
	}
	for i := range n {
		c := p.s[i] - '0'
		if c > 9 {
			p.failed = true
			return 0
		}
		v = v*10 + int64(c)
	}
	p.s = p.s[n:]
	return v
}

func (p *scanner) skip(c byte) {
	if !p.take(c) {
		p.failed = true
	}
}

func (p *scanner) take(c byte) bool {
	if p.failed || p.s == "" || p.s[0] != c {
		return false
	}
	p.s = p.s[1:]
	return true
}

func parse(s string) (m moment, err error) {
	p := scanner{s: s}
	year := p.digits(4)
	p.skip('-')
	month, day := p.digits(2), int64(1)
	if m.precision = ToMonth; p.take('-') {
		day, m.precision = p.digits(2), ToDay
		if p.take(' ') || p.take('T') {
			p.timeOfDay(&m)
		}
	}
	if p.failed || p.s != "" {
		return m, ErrForm
	}
	if year < 1 || month < 1 || month > 12 || day < 1 || int(day) > DaysIn(year, int(month)) {
		return m, noSuchDate(year, month, day)
	}
	if m.ofDay >= Day {
		return m, fmt.Errorf("there is no such time of day: hours are 00 to 23, minutes and seconds 00 to 59")
	}
	m.day = DayOfDate(year, int(month), int(day))
	return m, nil
}

func noSuchDate(year, month, day int64) error {
	if year < 1 {
		return fmt.Errorf("there is no year %d", year)
	}
	if month < 1 || month > 12 {
		return fmt.Errorf("there is no month %d; a date is year-month-day", month)
	}
	return fmt.Errorf("%04d-%02d has %d days, not %d", year, month, DaysIn(year, int(month)), day)
}

func (p *scanner) timeOfDay(m *moment) {
	h := p.digits(2)
	p.skip(':')
	minute, sec, milli := p.digits(2), int64(0), int64(0)
	if m.precision = ToMinute; p.take(':') {
		if sec, m.precision = p.digits(2), ToSecond; p.take('.') {
			milli, m.precision = p.fraction(), ToMilli
		}
	}
	p.zone(m)
	if m.ofDay = h*Hour + minute*Minute + sec*Second + milli; h > 23 || minute > 59 || sec > 59 {
		m.ofDay = Day // no such time
	}
}

// fraction reads one to nine digits and returns the milliseconds.
func (p *scanner) fraction() (ms int64) {
	n, scale := 0, int64(100)
	for ; n < 9 && n < len(p.s) && p.s[n]-'0' <= 9; n++ {
		ms += int64(p.s[n]-'0') * scale
		scale /= 10
	}
	if n == 0 {
		p.failed = true
		return 0
	}
	p.s = p.s[n:]
	return ms
}

// zone reads Z, +02:00, +0200 or +02, the forms that other programs write.
func (p *scanner) zone(m *moment) {
	if p.take('Z') {
		m.zoned = true
		return
	}
	sign := int64(1)
	if !p.take('+') {
		if sign = -1; !p.take('-') {
			return
		}
	}
	h, minute := p.digits(2), int64(0)
	if p.take(':') || p.s != "" {
		minute = p.digits(2)
	}
	if h > 18 || minute > 59 {
		p.failed = true
	}
	m.zoned, m.offset = true, sign*(h*Hour+minute*Minute)
}

// AppendDate appends a day as 2026-04-01.
func AppendDate(dst []byte, day int64) []byte {
	y, m, d := DateOfDay(day)
	dst = appendYear(dst, y)
	dst = append2(append(dst, '-'), m)
	return append2(append(dst, '-'), d)
}

// AppendTimestamp appends an instant in RFC 3339, in UTC, with milliseconds only where they are not
// zero: 2026-04-01T10:00:00Z.
func AppendTimestamp(dst []byte, ms int64) []byte {
	day := floorDiv(ms, Day)
	of := int(ms - day*Day)
	dst = append(AppendDate(dst, day), 'T')
	dst = append2(dst, of/Hour)
	dst = append2(append(dst, ':'), of/Minute%60)
	dst = append2(append(dst, ':'), of/Second%60)
	if milli := of % Second; milli != 0 {
		dst = append(dst, '.', byte('0'+milli/100))
		dst = append2(dst, milli%100)
	}
	return append(dst, 'Z')
}

func appendYear(dst []byte, y int64) []byte {
	if y < 0 || y > 9999 { // such values can be stored but not written in a statement
		return strconv.AppendInt(dst, y, 10)
	}
	return append2(append2(dst, int(y/100)), int(y%100))
}

func append2(dst []byte, v int) []byte { return append(dst, byte('0'+v/10), byte('0'+v%10)) }

// FormatDate returns a day as 2026-04-01.
func FormatDate(day int64) string { return string(AppendDate(nil, day)) }

// FormatTimestamp returns an instant as AppendTimestamp writes it.
func FormatTimestamp(ms int64) string { return string(AppendTimestamp(nil, ms)) }
