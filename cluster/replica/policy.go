package replica

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/raft"
)

const (
	policyTick  = 500 * time.Millisecond
	policyRetry = 30 * time.Second // after an image failed
)

// policy writes an image when replaying the log would take too long, when the
// log has become large, or when the group is quiet.
func (g *Group) policy() {
	defer g.loops.Done()
	tick := time.NewTicker(policyTick)
	defer tick.Stop()
	for {
		select {
		case <-g.closing:
			return
		case <-tick.C:
		}
		if !g.wantsImage() {
			continue
		}
		if err := g.snapshot(context.Background(), true); err != nil && g.usable() == nil {
			g.cfg.Logger.Error("writing an image failed, the log is kept", "err", err)
			g.pause(policyRetry)
		}
	}
}

// pause waits, or returns early when the group closes.
func (g *Group) pause(d time.Duration) {
	select {
	case <-time.After(d):
	case <-g.closing:
	}
}

func (g *Group) wantsImage() bool {
	if g.usable() != nil {
		return false
	}
	l, now := g.cfg.Limits, g.monotonic()
	behind := g.fsm.bytes.Load() - g.imagedBytes.Load()
	replay := g.ReplayTime()
	if replay > l.ReplayBudget || behind > l.MaxLogBytes {
		return true
	}
	quiet := now-g.lastWrite.Load() > l.QuietAfter.Milliseconds()
	return quiet && replay > l.QuietReplay && now-g.lastImage.Load() > l.SnapshotInterval.Milliseconds()
}

// ReplayTime estimates how long a restart would replay the log.
func (g *Group) ReplayTime() time.Duration {
	behind := float64(g.fsm.bytes.Load() - g.imagedBytes.Load())
	return time.Duration(behind / g.fsm.rate.perSecond() * float64(time.Second))
}

// SnapshotNow writes an image of everything applied, at full speed, and cuts
// the log below the older of the two images kept. It does nothing if the
// newest image is up to date. Writes go on meanwhile.
func (g *Group) SnapshotNow(ctx context.Context) error { return g.snapshot(ctx, false) }

func (g *Group) snapshot(ctx context.Context, paced bool) error {
	if err := g.enterSnapshot(ctx); err != nil {
		return err
	}
	defer g.leaveSnapshot()
	if err := g.roomForImage(); err != nil {
		return err
	}
	if err := g.writeImage(ctx, paced); err != nil {
		return err
	}
	return g.trim(g.retained())
}

// roomForImage keeps an image from taking the room the log lives on. CutLog
// does not ask: it frees more than it takes.
func (g *Group) roomForImage() error {
	if g.cfg.Disk == nil {
		return nil
	}
	expected := uint64(maxFrame)
	if m := g.images.newest(); m != nil {
		expected += m.bytes / 4 * 5
	}
	return g.cfg.Disk.Room(expected)
}

// retained is how many images the group keeps. In memory there is nothing for
// an older one to guard against.
func (g *Group) retained() int {
	if g.cfg.Dir == "" {
		return 1
	}
	return retainedImages
}

// enterSnapshot takes the group's and the node's turn.
func (g *Group) enterSnapshot(ctx context.Context) error {
	if err := g.usable(); err != nil {
		return err
	}
	select {
	case g.cfg.SnapshotGate <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-g.closing:
		return ErrClosed
	}
	g.snapshotMu.Lock()
	return nil
}

func (g *Group) leaveSnapshot() {
	g.snapshotMu.Unlock()
	<-g.cfg.SnapshotGate
}

// writeImage has raft take a snapshot, unless the newest image is up to date.
func (g *Group) writeImage(ctx context.Context, paced bool) error {
	if m := g.images.newest(); m != nil && m.fsmIndex >= g.Applied() {
		return nil
	}
	g.images.paced.Store(paced)
	began := time.Now()
	err := g.raft.Snapshot().Error()
	if errors.Is(err, raft.ErrNothingNewToSnapshot) {
		// Raft has applied nothing since it started; what the state machine
		// holds came from recovery. One entry tells raft where it is.
		if _, err := g.mark(ctx); err != nil {
			return err
		}
		err = g.raft.Snapshot().Error()
	}
	if err != nil {
		return fmt.Errorf("group %s: %w", g.cfg.Name, err)
	}
	g.imagedBytes.Store(g.fsm.captured.Load())
	g.lastImage.Store(g.monotonic())
	g.chooseSegmentSize()
	g.cfg.Logger.Info("image written", "applied", g.Applied(), "took", time.Since(began))
	return nil
}

// trim removes images beyond keep and the log below the oldest one left. While
// there are fewer, the log stays whole: it is what a damaged image falls back to.
func (g *Group) trim(keep int) error {
	oldest, err := g.images.prune(keep)
	if err != nil {
		return fmt.Errorf("group %s: removing old images: %w", g.cfg.Name, err)
	}
	if oldest == 0 {
		return nil
	}
	return g.log.deleteBefore(oldest + 1)
}

// CutLog makes everything that had been applied before the call disappear from
// log and older images: it ends the present log segment, writes an image, and
// removes all other images and all segments before the new one. When it
// returns nil those files are gone. Writes go on meanwhile.
func (g *Group) CutLog(ctx context.Context) error {
	if err := g.enterSnapshot(ctx); err != nil {
		return err
	}
	defer g.leaveSnapshot()
	g.log.rotateNext()
	if _, err := g.mark(ctx); err != nil { // the segment ends with this entry or before it
		return err
	}
	upTo := g.log.rotated()
	if err := g.writeImage(ctx, false); err != nil {
		return err
	}
	if err := g.trim(1); err != nil {
		return err
	}
	return g.awaitSegmentsGone(ctx, upTo)
}

// awaitSegmentsGone waits for raft-wal to delete the files: it does so when
// their last reader is done.
func (g *Group) awaitSegmentsGone(ctx context.Context, upTo uint64) error {
	for {
		files := g.log.segments()
		if len(files) == 0 || files[0].base > upTo {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("group %s: log segment %s is still on disk: %w", g.cfg.Name, files[0].path, ctx.Err())
		}
	}
}

// chooseSegmentSize makes new log segments small while the data is small, so
// that seventeen groups of an empty node take little room.
func (g *Group) chooseSegmentSize() {
	if g.log.files == nil {
		return
	}
	size := g.cfg.Limits.SegmentSize
	if m := g.images.newest(); m != nil && int64(m.bytes) >= g.cfg.Limits.LargeDataSize {
		size = g.cfg.Limits.LargeSegmentSize
	}
	g.log.files.size.Store(uint32(size))
}

// Stats describe a group for SHOW STORAGE and metrics. Bytes are on disk, or in
// memory for an ephemeral group.
type Stats struct {
	Applied    uint64
	Commit     uint64
	FirstLog   uint64
	LastLog    uint64
	LogBytes   int64
	ImageIndex uint64 // 0 if there is no image
	ImageBytes int64
	Replay     time.Duration // estimate, see ReplayTime
	ApplyRate  float64       // command bytes a second
}

// Stats returns a picture of the group; its parts are not from one instant.
func (g *Group) Stats() Stats {
	s := Stats{
		Applied: g.Applied(), Commit: g.CommitIndex(), LogBytes: g.log.diskBytes(),
		Replay: g.ReplayTime(), ApplyRate: g.fsm.rate.perSecond(),
	}
	s.FirstLog, _ = g.log.FirstIndex()
	s.LastLog, _ = g.log.LastIndex()
	if m := g.images.newest(); m != nil {
		s.ImageIndex, s.ImageBytes = m.index, int64(m.bytes)
	}
	return s
}
