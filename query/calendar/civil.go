package calendar

import (
	"math"
	"math/bits"
)

// Milliseconds of the units that always have the same length.
const (
	Second = 1000
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
	Week   = 7 * Day
)

const (
	daysPerEra  = 146097 // 400 years
	epochOffset = 719468 // days from 0000-03-01 to 1970-01-01
)

// DayOfDate returns the day of a date of the proleptic Gregorian calendar; month is 1 to 12. The day of
// the month is not checked: see DaysIn.
func DayOfDate(year int64, month, day int) int64 {
	if month <= 2 {
		year--
	}
	era := floorDiv(year, 400)
	yearOfEra := year - era*400
	dayOfYear := int64((153*((month+9)%12)+2)/5 + day - 1)
	return era*daysPerEra + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - epochOffset
}

// DateOfDay returns the date of a day.
func DateOfDay(day int64) (year int64, month, dayOfMonth int) {
	day += epochOffset
	era := floorDiv(day, daysPerEra)
	doe := day - era*daysPerEra
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := int((5*doy + 2) / 153)
	dayOfMonth = int(doy) - (153*mp+2)/5 + 1
	month = (mp+2)%12 + 1
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, dayOfMonth
}

// Leap says whether a year has a 29 February.
func Leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// DaysIn returns the length of a month in days.
func DaysIn(year int64, month int) int {
	switch month {
	case 2:
		if Leap(year) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Weekday returns the day of the week: Monday is 1, Sunday 7.
func Weekday(day int64) int { return int(floorMod(day+3, 7)) + 1 }

// AddMonthsToDay returns the day n months later or earlier, clamped to the month's end.
func AddMonthsToDay(day int64, n int) int64 {
	y, m, d := DateOfDay(day)
	index := y*12 + int64(m-1) + int64(n)
	y, m = floorDiv(index, 12), int(floorMod(index, 12))+1
	return DayOfDate(y, m, min(d, DaysIn(y, m)))
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }

// addSat returns a + b, held at the ends of int64.
func addSat(a, b int64) int64 {
	s := a + b
	switch {
	case b > 0 && s < a:
		return math.MaxInt64
	case b < 0 && s > a:
		return math.MinInt64
	}
	return s
}

// msOfDay returns day * Day, held at the ends of int64.
func msOfDay(day int64) int64 {
	neg := day < 0
	u := uint64(day)
	if neg {
		u = -u
	}
	hi, lo := bits.Mul64(u, Day)
	switch over := hi != 0 || lo > math.MaxInt64; {
	case over && neg:
		return math.MinInt64
	case over:
		return math.MaxInt64
	case neg:
		return -int64(lo)
	}
	return int64(lo)
}
