package calendar

// Unit is a unit to which an instant is cut.
type Unit uint8

// The units.
const (
	UnitSecond Unit = iota
	UnitMinute
	UnitHour
	UnitDay
	UnitWeek // from Monday
	UnitMonth
	UnitQuarter
	UnitYear
)

var unitNames = [...]string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}

// String returns the unit as date_trunc writes it.
func (u Unit) String() string { return unitNames[u] }

// UnitNames returns the units' names.
func UnitNames() []string { return append([]string(nil), unitNames[:]...) }

// ParseUnit returns the unit with a name in lower case.
func ParseUnit(name string) (Unit, bool) {
	for i, n := range unitNames {
		if n == name {
			return Unit(i), true
		}
	}
	return 0, false
}

// Trunc returns the first instant of the unit that an instant lies in. Hours and less keep the offset in
// force at the instant, so the two hours of an autumn night stay two.
func (z *Zone) Trunc(u Unit, ms int64) int64 {
	switch u {
	case UnitSecond:
		return addSat(ms, -floorMod(ms, Second))
	case UnitMinute:
		return addSat(ms, -floorMod(z.Local(ms), Minute))
	case UnitHour:
		return addSat(ms, -floorMod(z.Local(ms), Hour))
	}
	return z.Midnight(TruncDay(u, z.DayOf(ms)))
}

// TruncDay returns the first day of the day, week, month, quarter or year that a day lies in.
func TruncDay(u Unit, day int64) int64 {
	y, m, _ := DateOfDay(day)
	switch u {
	case UnitWeek:
		return day - int64(Weekday(day)-1)
	case UnitMonth:
		return DayOfDate(y, m, 1)
	case UnitQuarter:
		return DayOfDate(y, (m-1)/3*3+1, 1)
	case UnitYear:
		return DayOfDate(y, 1, 1)
	}
	return day
}

// StepDay returns the first day of the unit n units after (or, below 0, before) the one that a day lies
// in; u is a day or longer.
func StepDay(u Unit, day int64, n int) int64 {
	first := TruncDay(u, day)
	switch u {
	case UnitWeek:
		return first + 7*int64(n)
	case UnitMonth:
		return AddMonthsToDay(first, n)
	case UnitQuarter:
		return AddMonthsToDay(first, 3*n)
	case UnitYear:
		return AddMonthsToDay(first, 12*n)
	}
	return first + int64(n)
}
