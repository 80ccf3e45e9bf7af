package node

import (
	"context"
	"sync"
	"time"

	"github.com/musterdb/muster/cluster/replica"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// retentionEvery is how often shards of bases with KEEP are asked to forget what is past it, and shards that
// got events to give back the room that these do not need.
const retentionEvery = time.Minute

// upkeep keeps the housekeeping of shards going: it proposes Maintain, a bounded slice of work each,
// until a shard says that nothing is left.
type upkeep struct {
	n      *Node
	ctx    context.Context
	cancel context.CancelFunc
	loops  sync.WaitGroup

	mu     sync.Mutex
	due    map[target]bool
	imaged bool // images are asked for
	wake   chan struct{}
}

// target is one shard.
type target struct {
	group *dataGroup
	base  schema.BaseID
}

func startUpkeep(n *Node) *upkeep {
	ctx, cancel := context.WithCancel(context.Background())
	u := &upkeep{n: n, ctx: ctx, cancel: cancel, due: map[target]bool{}, wake: make(chan struct{}, 1)}
	u.loops.Go(u.run)
	return u
}

func (u *upkeep) stop() {
	u.cancel()
	u.loops.Wait()
}

// poke says that a shard has housekeeping to do.
func (u *upkeep) poke(g *dataGroup, base schema.BaseID) {
	u.mu.Lock()
	u.due[target{g, base}] = true
	u.mu.Unlock()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// later says that a shard got events, whose blocks may be tidied at the next tick.
func (u *upkeep) later(g *dataGroup, base schema.BaseID) {
	u.mu.Lock()
	u.due[target{g, base}] = true
	u.mu.Unlock()
}

// image asks for an image of every group whose log would take a while to replay.
func (u *upkeep) image() {
	u.mu.Lock()
	u.imaged = true
	u.mu.Unlock()
	select {
	case u.wake <- struct{}{}:
	default:
	}
}

// longReplay is the replay time from which a group writes an image at the end of a load.
const longReplay = 100 * time.Millisecond

// imageLong writes the images that were asked for, one after the other.
func (u *upkeep) imageLong() {
	u.mu.Lock()
	asked := u.imaged
	u.imaged = false
	u.mu.Unlock()
	if !asked {
		return
	}
	for _, g := range u.n.replicas() {
		if g.ReplayTime() < longReplay || u.ctx.Err() != nil {
			continue
		}
		if err := g.SnapshotNow(u.ctx); err != nil && u.ctx.Err() == nil {
			u.n.cfg.Logger.Warn("no image was written at the end of a load; a restart replays the log", "group", g.Name(), "err", err)
		}
	}
}

func (u *upkeep) run() {
	ticker := time.NewTicker(retentionEvery)
	defer ticker.Stop()
	for {
		select {
		case <-u.ctx.Done():
			return
		case <-ticker.C:
			u.pokeRetention()
		case <-u.wake:
		}
		u.housekeep()
		u.imageLong()
	}
}

// housekeep does what is due. What is refused stays due until the next tick.
func (u *upkeep) housekeep() {
	for _, t := range u.takeDue() {
		if t.group.sm.shard(t.base) == nil {
			continue // dropped meanwhile
		}
		if _, err := u.n.maintain(u.ctx, t); err != nil && u.ctx.Err() == nil {
			u.n.cfg.Logger.Warn("housekeeping was refused; it is tried again in a minute", "group", t.group.Name(), "err", err)
			u.mu.Lock()
			u.due[t] = true
			u.mu.Unlock()
		}
	}
}

// pokeRetention marks the shards of all bases that forget events.
func (u *upkeep) pokeRetention() {
	for _, s := range u.n.cat.Bases() {
		if !keepsForATime(s) {
			continue
		}
		for _, g := range u.n.groupsOf(s) {
			if g.sm.shard(s.Base) != nil {
				u.poke(g, s.Base)
			}
		}
	}
}

func keepsForATime(s *schema.Schema) bool {
	for _, e := range s.Events {
		if e.Keep > 0 {
			return true
		}
	}
	return false
}

func (u *upkeep) takeDue() []target {
	u.mu.Lock()
	defer u.mu.Unlock()
	var all []target
	for t := range u.due {
		all = append(all, t)
	}
	clear(u.due)
	return all
}

// maintain proposes slices of a shard's housekeeping until none is left. It reports how many.
func (n *Node) maintain(ctx context.Context, t target) (int, error) {
	for slices := 1; ; slices++ {
		ch := &change.Change{Parts: []change.Part{&change.Maintain{}}}
		res, err := settle(t.group.Propose(ctx, replica.Proposal{Kind: KindData, Payload: encodeData(t.base, ch), Critical: true}))
		if err != nil || !res.Pending {
			return slices, err
		}
	}
}

// EraseNow makes deleted contacts vanish from this node's disk: it finishes the sweep of their events, rids
// dictionaries of their texts, writes new images and cuts the logs, in every group that held one of them.
func (n *Node) EraseNow(ctx context.Context, sch *schema.Schema, ids [][]byte) error {
	done := map[int]bool{}
	for _, id := range ids {
		i := GroupOf(id, sch.Options.Spread)
		if done[i] {
			continue
		}
		done[i] = true
		if _, err := n.maintain(ctx, target{n.data[i], sch.Base}); err != nil {
			return err
		}
		forget := &change.Change{Parts: []change.Part{&change.Forget{}}}
		if err := n.everyGroup(ctx, []*dataGroup{n.data[i]}, sch.Base, forget); err != nil {
			return err
		}
		if err := n.data[i].CutLog(ctx); err != nil {
			return refusal(err)
		}
	}
	return nil
}
