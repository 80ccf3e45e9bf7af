package node

import (
	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// maxChangeBytes is what a command's change may take, leaving room for the base's id.
const maxChangeBytes = command.MaxPayload - 4<<10

// What rows cost to commit, in ns, and how much a command should: a shard commits a command in one hold of
// its write latch, about a millisecond. Rows that may make contacts cost as much as those of twenty columns,
// so that a command has 640 of them; a block of a load, 8,192 rows over 16 groups, is rarely cut.
//
// The cost of those rows must never change: a load that an older program began is cut again as it cut it.
const (
	commitCost = 640 * rowCost
	rowCost    = 1600
	narrowCell = 75  // of a contact that exists (storage.BenchmarkCommitExisting)
	textCell   = 200 // likewise
	removeCost = 120 // an event
)

// cut makes pieces of a change that fit into a command and are short to commit. The pieces depend on the
// change alone, so that a batch that is sent again is cut alike.
func cut(ch *change.Change) ([]*change.Change, error) {
	pieces := []*change.Change{ch}
	for n := 2; n <= maxParts && (tooLong(pieces) || costOf(pieces[0]) > commitCost); n *= 2 {
		pieces = change.Cut(ch, n)
	}
	if tooLong(pieces) {
		return nil, diag.New(diag.Limit, diag.Span{}, "the batch holds more than %d MiB for one group", maxParts*maxChangeBytes>>20).
			WithHint("send fewer rows at once")
	}
	return pieces, nil
}

// tooLong says whether a piece does not fit into one command.
func tooLong(pieces []*change.Change) bool {
	for _, p := range pieces {
		if change.Size(p) > maxChangeBytes {
			return true
		}
	}
	return false
}

// costOf returns about how many ns a change takes to commit.
func costOf(ch *change.Change) int {
	cost := 0
	for _, p := range ch.Parts {
		switch p := p.(type) {
		case *change.Upsert:
			cost += p.IDs.Len() * upsertCost(p)
		case *change.Track:
			cost += p.Rows() * rowCost
		case *change.Delete:
			cost += p.IDs.Len() * rowCost
		case *change.DeleteEvents:
			cost += p.Rows() * removeCost
		}
	}
	return cost
}

// upsertCost returns the cost of one row.
func upsertCost(u *change.Upsert) int {
	if !u.Existing {
		return rowCost
	}
	cost := 0
	for i := range u.Cols {
		switch u.Cols[i].Type.Kind {
		case schema.KindText, schema.KindSet:
			cost += textCell
		default:
			cost += narrowCell
		}
	}
	return cost
}
