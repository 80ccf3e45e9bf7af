// Package calendar owns civil time: zones from embedded tables, days, months and their lengths, the
// forms in which dates and durations are written. Every node has the same tables, whatever its host
// says, so that a window means the same instants everywhere. It does not know statements or clocks.
//
// Instants are milliseconds since 1970-01-01T00:00:00Z, days are days since 1970-01-01. A local time
// that does not exist moves forward by the length of the gap; one that exists twice is the earlier.
package calendar
