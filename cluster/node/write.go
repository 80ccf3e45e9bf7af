package node

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/zeebo/xxh3"

	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/cluster/replica"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// maxParts is how many commands one batch may become in one group, which bounds how its sequence
// numbers are spaced: batch b uses b·maxParts … b·maxParts + maxParts − 1.
const maxParts = 64

// GroupOf returns the number of the group, below the base's spread, that holds a contact.
func GroupOf(id []byte, spread int) int {
	return schema.GroupOf(int(xxh3.Hash(id)%schema.Slots), spread)
}

// Batch identifies a batch of a producer, so that sending it again changes nothing. The zero Batch
// takes effect each time.
type Batch struct {
	Producer command.ProducerID
	Seq      uint64
}

// Write applies a change to a base and returns when it is durable and applied in all groups that it
// touches. A batch is all or nothing in each group, not across groups: after an error some groups may
// hold their part, and sending the same Batch again completes it.
func (n *Node) Write(ctx context.Context, sch *schema.Schema, ch *change.Change, batch Batch) (Written, error) {
	spread := sch.Options.Spread
	parts := change.Split(ch, spread, func(id []byte) int { return GroupOf(id, spread) })
	results := make([]Written, spread)
	errs := make([]error, spread)
	var wg sync.WaitGroup
	for i, part := range parts {
		if part != nil {
			wg.Go(func() { results[i], errs[i] = n.writeGroup(ctx, n.data[i], sch, part, batch) })
		}
	}
	wg.Wait()
	if err := firstError(errs); err != nil {
		return Written{}, err
	}
	return sum(results), nil
}

// Written is what a write did.
type Written struct {
	change.Result
	Repeated uint64 // rows of a Batch that had taken effect before; nothing else counts them
	Refused  uint64 // rows that Rewrite could not change; Rejected then holds a few of them
}

// firstError returns one error of several: they mostly have one cause.
func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func sum(results []Written) Written {
	var total Written
	for _, r := range results {
		total.Created += r.Created
		total.Updated += r.Updated
		total.Events += r.Events
		total.Duplicates += r.Duplicates
		total.Deleted += r.Deleted
		total.Removed += r.Removed
		total.Missing += r.Missing
		total.Pending = total.Pending || r.Pending
		total.Rejected = append(total.Rejected, r.Rejected...)
		total.Repeated += r.Repeated
		total.Refused += r.Refused
	}
	return total
}

// writeGroup brings a change to one group, in as many commands as its size needs. Beside an error it returns what
// is known to be done.
func (n *Node) writeGroup(ctx context.Context, g *dataGroup, sch *schema.Schema, ch *change.Change, batch Batch) (Written, error) {
	pieces, err := cut(ch)
	if err != nil {
		return Written{}, err
	}
	if err := n.bringSchema(ctx, g, sch); err != nil {
		return Written{}, err
	}
	futures := make([]*replica.Future, 0, len(pieces))
	var failed error
	for i, piece := range pieces {
		f, err := g.ProposeAsync(ctx, n.proposal(sch, piece, batch.part(i)))
		if err != nil {
			failed = refusal(err)
			break
		}
		futures = append(futures, f)
	}
	// Pieces before and behind one that fails may be durable: what they did is told all the same.
	results := make([]Written, len(futures))
	for i, f := range futures {
		res, err := f.Wait(ctx)
		done, err := settle(res, err)
		switch {
		case err != nil && failed == nil:
			failed = err
		case err == nil && res.Duplicate:
			results[i] = Written{Result: done, Repeated: uint64(change.RowCount(pieces[i]))}
		case err == nil:
			results[i].Result = done
		}
	}
	total := sum(results)
	switch {
	case total.Pending:
		n.upkeep.poke(g, sch.Base)
	case total.Events+total.Removed > 0:
		n.upkeep.later(g, sch.Base)
	}
	return total, failed
}

// part returns the producer of piece i of a batch.
func (b Batch) part(i int) command.Producer {
	if b.Producer == (command.ProducerID{}) {
		return command.Producer{}
	}
	return command.Producer{ID: b.Producer, Epoch: 1, Seq: b.Seq*maxParts + uint64(i) + 1}
}

// bringSchema makes sure that the group's shard knows the schema before what needs it. It is a command of its
// own, because the two together may be too long for one.
func (n *Node) bringSchema(ctx context.Context, g *dataGroup, sch *schema.Schema) error {
	if g.knows(sch) {
		return nil
	}
	ch := &change.Change{Parts: []change.Part{&change.Schema{To: sch}}}
	_, err := settle(g.Propose(ctx, n.proposal(sch, ch, command.Producer{})))
	return err
}

// proposal makes the command of one piece.
func (n *Node) proposal(sch *schema.Schema, ch *change.Change, producer command.Producer) replica.Proposal {
	return replica.Proposal{
		Kind: KindData, Payload: encodeData(sch.Base, ch), SchemaVersion: sch.Version, Producer: producer,
		Critical: onlyFrees(ch),
	}
}

// knows says whether the group's shard has the schema.
func (g *dataGroup) knows(sch *schema.Schema) bool {
	s := g.sm.shard(sch.Base)
	return s != nil && s.SchemaVersion() >= sch.Version
}

// onlyFrees says whether a change only gives room back; such changes pass when the disk is nearly full.
func onlyFrees(ch *change.Change) bool {
	for _, p := range ch.Parts {
		switch p.(type) {
		case *change.Upsert, *change.Track:
			return false
		}
	}
	return true
}

// settle sorts the outcome of a proposal: what the log said, then what the shard said. A duplicate has
// taken effect before.
func settle(res replica.Result, err error) (change.Result, error) {
	if err != nil {
		return change.Result{}, refusal(err)
	}
	if res.Err != nil {
		return change.Result{}, res.Err
	}
	out, _ := res.Value.(change.Result)
	return out, nil
}

// refusal says in the user's words why the log did not take a write.
func refusal(err error) error {
	switch {
	case errors.Is(err, replica.ErrDiskFull):
		return diag.New(diag.Unavailable, diag.Span{}, "%v", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return diag.New(diag.Canceled, diag.Span{}, "the write was given up before it was known to be durable: %v", err).
			WithHint("send it again with the same batch key to be sure that it counts once")
	case errors.Is(err, replica.ErrClosed):
		return diag.New(diag.Unavailable, diag.Span{}, "the server is stopping; nothing was written").WithHint("send it again")
	}
	return diag.New(diag.Unavailable, diag.Span{}, "the write was not taken: %v", err)
}

// proposeCatalog applies a command to the catalog.
func (n *Node) proposeCatalog(ctx context.Context, cmd *catalogCommand) (catalogResult, error) {
	payload := cmd.Encode()
	if len(payload) > command.MaxPayload {
		return catalogResult{}, diag.New(diag.Limit, diag.Span{}, "the base's schema takes %d bytes, more than the %d of one command", len(payload), command.MaxPayload).
			WithHint("drop attributes, events or properties that are not used")
	}
	res, err := n.meta.Propose(ctx, replica.Proposal{Kind: kindCatalog, Payload: payload, Critical: n.frees(cmd)})
	if err != nil {
		return catalogResult{}, refusal(err)
	}
	if res.Err != nil {
		return catalogResult{}, res.Err
	}
	out, ok := res.Value.(catalogResult)
	if !ok {
		return catalogResult{}, fmt.Errorf("the catalog answered %T", res.Value)
	}
	return out, nil
}

// frees says whether a command of the catalog gives room back, so that it passes when the disk is nearly
// full.
func (n *Node) frees(cmd *catalogCommand) bool {
	if cmd.Schema != nil {
		now, ok := n.cat.Base(cmd.Schema.Name)
		if !ok {
			return false
		}
		whole := *cmd.Schema
		whole.Segments = now.Segments // the command leaves them out and the catalog keeps them
		return drops(now, &whole)
	}
	return cmd.Op == catalog.OpDropBase || cmd.Op == catalog.OpDropSegment
}
