package schema

import "time"

// Limits that hold everywhere. Each is checked where user input enters and reported by name.
const (
	ChunkRows = 1 << 16 // contacts in a full chunk; a row within a chunk is a uint16

	MaxIDBytes         = 1024      // a contact id or an event id
	MaxNameBytes       = 255       // a name of a base, attribute, event type or property
	MaxTextBytes       = 1 << 20   // one TEXT value
	MaxSetValues       = 10_000    // values of one SET
	MaxSetValueBytes   = 4096      // one value of a SET
	MaxAttributes      = 2_000     // attributes of a base
	MaxEventTypes      = 10_000    // event types of a base
	MaxSegments        = 10_000    // segments of a base
	MaxSegmentText     = 256 << 10 // bytes of a segment's condition
	MaxProps           = 500       // properties of an event type
	MaxStatementBytes  = 4 << 20   // one statement
	MaxNesting         = 200       // brackets, NOTs and CASEs within each other
	MaxListValues      = 100_000   // values of one IN list
	MaxAheadOfClock    = 24 * time.Hour
	DedupeWindow       = 18 * time.Hour // how far apart two events with one id still are one event
	Slots              = 1024           // slots of a base; slot = xxh3_64(contact id) mod Slots
	Groups             = 16             // data groups of a cluster
	MaxRowsPerShard    = 1 << 31
	SecondsPerUnitLog2 = 16 // a block of span 2^k seconds counts time in units of 2^(k-16) seconds
)

// ValidSpread says whether a base may be spread over n groups.
func ValidSpread(n int) bool { return n == 1 || n == 4 || n == 16 }

// GroupOf returns the group, from 0 to spread-1, that holds a slot.
func GroupOf(slot, spread int) int { return slot % spread }
