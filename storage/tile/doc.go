// Package tile owns the events of one shard: where each event lies, how its properties are encoded, and
// what every contact's lifetime columns (last, count) say. It does not know contacts beyond their row
// numbers (package storage resolves them), does not decide what is deleted or how long events are kept
// (the shard tells it rows and instants), and reads no clock.
//
// # Layout
//
// A Tile holds the events of one type for one chunk of 65,536 rows. It is a list of blocks in time order.
// A block covers an aligned span of 2^k seconds, 16 ≤ k ≤ 26; the spans of a tile do not overlap and need
// not touch. Rows, times in units of 2^(k-16) seconds, residual milliseconds, id hashes and property
// values of a block lie in one slab allocation; its header is 64 bytes plus 40 for every property that
// some event of it has.
//
// A new block takes the widest aligned span that no other block touches, and a block that has splitAt
// events is split in halves until it is 2^16 s wide. Blocks therefore hold some hundred events however
// rare their type is, whatever order the events arrive in; dense types reach k = 16, where time is whole
// seconds. Maintain merges what deletions and retention leave small.
//
// # Writing and reading
//
// All changes go through a Tx of the one writer. Preparing writes only memory that no reader looks at:
// the tails of blocks beyond their published length, or new allocations. Commit swaps pointers, adds to
// lifetime counters and frees what was replaced; it cannot fail. Published headers and the memory below
// their length never change, so a pin needs to copy the lists of tiles only; slab.Arena keeps the memory
// that a pin can see until its release.
package tile
