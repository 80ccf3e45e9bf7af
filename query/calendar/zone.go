package calendar

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/musterdb/muster/query/diag"
)

//go:embed zoneinfo.zip
var zoneinfo []byte

// Zone is a time zone: an IANA zone of the embedded tables or a fixed offset. It is immutable.
type Zone struct {
	name string
	loc  *time.Location
	// spans are the stretches of one offset between tableFrom and tableTo, so that the usual instants
	// need a binary search only; others ask loc.
	spans []span
}

// span is a stretch of one offset: it holds from from until the next span's from.
type span struct{ from, offset int64 }

var (
	tableFrom = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	tableTo   = time.Date(2120, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
)

// maxOffset is more than any zone was ever away from UTC.
const maxOffset = 26 * Hour

// UTC is the zone of bases that name none.
var UTC = newZone("UTC", time.UTC)

var (
	zonesMu sync.Mutex
	zones   = map[string]*Zone{"UTC": UTC}
	archive = sync.OnceValue(readArchive)
)

// OfBase returns the zone of a base's options, where no name means UTC.
func OfBase(name string) (*Zone, error) {
	if name == "" {
		return UTC, nil
	}
	return Load(name)
}

// Load returns the zone with an IANA name (Europe/Warsaw) or a fixed offset (-05:00). The error names
// the nearest zone there is.
func Load(name string) (*Zone, error) {
	zonesMu.Lock()
	defer zonesMu.Unlock()
	if z := zones[name]; z != nil {
		return z, nil
	}
	z, err := load(name)
	if err != nil {
		return nil, err
	}
	zones[name] = z // bounded: only names that exist and whole-minute offsets get here
	return z, nil
}

func load(name string) (*Zone, error) {
	if offset, ok := fixedOffset(name); ok {
		return newZone(name, time.FixedZone(name, int(offset/Second))), nil
	}
	f := archive()[name]
	if f == nil {
		return nil, unknownZone(name)
	}
	data, err := readFile(f)
	if err != nil {
		return nil, fmt.Errorf("calendar: embedded zone %s: %w", name, err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, fmt.Errorf("calendar: embedded zone %s: %w", name, err)
	}
	return newZone(name, loc), nil
}

func unknownZone(name string) error {
	names := make([]string, 0, len(archive()))
	for n := range archive() {
		names = append(names, n)
	}
	sort.Strings(names)
	const shown = 64 // of the name, which a stranger wrote
	if len(name) > shown {
		name = name[:shown] + "…"
	}
	if near, ok := diag.Suggest(name, names); ok {
		return fmt.Errorf("there is no time zone %q; did you mean %q?", name, near)
	}
	for _, n := range names {
		if _, city, ok := strings.Cut(n, "/"); ok && strings.EqualFold(city, strings.ReplaceAll(name, " ", "_")) {
			return fmt.Errorf("there is no time zone %q; did you mean %q?", name, n)
		}
	}
	return fmt.Errorf("there is no time zone %q; write an IANA name such as Europe/Warsaw or an offset such as -05:00", name)
}

func readArchive() map[string]*zip.File {
	r, err := zip.NewReader(bytes.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		panic(fmt.Sprintf("calendar: the embedded zone tables cannot be read: %v", err))
	}
	files := make(map[string]*zip.File, len(r.File))
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") {
			files[f.Name] = f
		}
	}
	return files
}

func readFile(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // a reader over memory
	return io.ReadAll(r)
}

// fixedOffset reads ±HH:MM, at most 18 hours.
func fixedOffset(s string) (ms int64, ok bool) {
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	p := scanner{s: s[1:]}
	h := p.digits(2)
	p.skip(':')
	m := p.digits(2)
	ms = h*Hour + m*Minute
	if p.failed || m > 59 || ms > 18*Hour {
		return 0, false
	}
	if s[0] == '-' {
		ms = -ms
	}
	return ms, true
}

func newZone(name string, loc *time.Location) *Zone {
	z := &Zone{name: name, loc: loc}
	for t := tableFrom; t < tableTo; {
		_, seconds := time.UnixMilli(t).In(loc).Zone()
		offset := int64(seconds) * Second
		if n := len(z.spans); n == 0 || z.spans[n-1].offset != offset {
			z.spans = append(z.spans, span{t, offset})
		}
		t = zoneEnd(loc, t)
	}
	return z
}

// Name returns the name under which the zone was loaded.
func (z *Zone) Name() string { return z.name }

// Offset returns by how many ms local time is ahead of UTC at an instant.
func (z *Zone) Offset(ms int64) int64 {
	if ms < tableFrom || ms >= tableTo {
		_, offset := time.UnixMilli(ms).In(z.loc).Zone()
		return int64(offset) * Second
	}
	i := sort.Search(len(z.spans), func(i int) bool { return z.spans[i].from > ms })
	return z.spans[i-1].offset
}

// NextOffset returns an instant after ms before which the offset does not change, or math.MaxInt64.
func (z *Zone) NextOffset(ms int64) int64 { return z.next(ms) }

// next returns the first instant after ms at which the offset may change, or math.MaxInt64.
func (z *Zone) next(ms int64) int64 {
	if ms >= tableFrom && ms < tableTo {
		i := sort.Search(len(z.spans), func(i int) bool { return z.spans[i].from > ms })
		if i < len(z.spans) {
			return z.spans[i].from
		}
	}
	return zoneEnd(z.loc, ms)
}

// zoneEnd returns an instant after ms up to which the offset is the same, or math.MaxInt64. Package time
// takes every year that follows from a rule to have 365 days, so that on 31 December of a leap year its
// answer is not later than the question; no rule changes the clock on that day.
func zoneEnd(loc *time.Location, ms int64) int64 {
	_, end := time.UnixMilli(ms).In(loc).ZoneBounds()
	if end.IsZero() {
		return math.MaxInt64
	}
	if ms >= end.UnixMilli() {
		return addSat(ms, Day)
	}
	return end.UnixMilli()
}

// Local returns the local clock at an instant, as ms since 1970-01-01T00:00 local.
func (z *Zone) Local(ms int64) int64 { return addSat(ms, z.Offset(ms)) }

// Instant returns the instant at which the local clock shows local: the earlier of two, and where it
// shows it never, the instant that many ms into the gap.
func (z *Zone) Instant(local int64) int64 {
	at, _, _ := z.find(local)
	return at
}

// find returns the first instant at which the local clock shows local. Where it never does, it returns
// local by the offset before the gap, and the instant at which the gap begins.
func (z *Zone) find(local int64) (at, gap int64, inGap bool) {
	from := addSat(local, -maxOffset)
	before := z.Offset(from)
	for {
		end := z.next(from)
		at = addSat(local, -before)
		if at < end || end == math.MaxInt64 {
			return at, 0, false // at >= from: a later one would have been a gap at from
		}
		after := z.Offset(end)
		if addSat(local, -after) < end {
			return at, end, true
		}
		from, before = end, after
	}
}

// Midnight returns the first instant of a local day.
func (z *Zone) Midnight(day int64) int64 {
	at, gap, inGap := z.find(msOfDay(day))
	if inGap {
		return gap
	}
	return at
}

// DayOf returns the local day of an instant.
func (z *Zone) DayOf(ms int64) int64 { return floorDiv(z.Local(ms), Day) }

// Hour returns the local hour of an instant, 0 to 23.
func (z *Zone) Hour(ms int64) int { return int(floorMod(z.Local(ms), Day) / Hour) }

// Date returns the local date of an instant.
func (z *Zone) Date(ms int64) (year int64, month, day int) { return DateOfDay(z.DayOf(ms)) }

// AddMonths returns the instant n months later or earlier on the local calendar: the clock time stays,
// the day is clamped to the month's end.
func (z *Zone) AddMonths(ms int64, n int) int64 {
	if n == 0 {
		return ms
	}
	local := z.Local(ms)
	day := floorDiv(local, Day)
	return z.Instant(addSat(msOfDay(AddMonthsToDay(day, n)), local-day*Day))
}

// Add returns the instant a duration later: months by the local calendar, then milliseconds.
func (z *Zone) Add(ms int64, d Duration) int64 { return addSat(z.AddMonths(ms, d.Months), d.MS) }

// Sub returns the instant a duration earlier.
func (z *Zone) Sub(ms int64, d Duration) int64 {
	return addSat(z.AddMonths(ms, -d.Months), -d.MS)
}
