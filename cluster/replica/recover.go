package replica

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/musterdb/muster/cluster/command"
)

// recovery brings a state machine back: the newest whole image, then the log.
type recovery struct {
	cfg    Config
	log    *logStore
	images *imageStore
	fsm    *machine

	index, term uint64 // last entry covered by image or log
	config      []byte // newest raft configuration, encoded
	configIndex uint64
	lastImage   uint64   // newest image index seen, damaged ones included
	replayed    int64    // log bytes replayed
	damaged     []string // images that were passed over, newest first
	firstDamage error    // of the first of them
}

// run recovers and reports whether there was nothing to recover.
func (r *recovery) run() (empty bool, err error) {
	if err := r.restoreImage(); err != nil {
		return false, err
	}
	first, last, err := r.logBounds()
	if err != nil {
		return false, err
	}
	if err := r.checkReach(first, last); err != nil {
		return false, err
	}
	if last > r.index {
		if err := r.replay(last); err != nil {
			return false, err
		}
	}
	if r.index == 0 {
		return true, nil
	}
	if len(r.config) == 0 {
		return false, fmt.Errorf("group %s: the log in %s holds no raft configuration; %s", r.cfg.Name, r.log.dir, remedyRestore)
	}
	r.fsm.applied = max(r.fsm.applied, r.index)
	r.fsm.publish()
	return false, nil
}

// setAside takes the damaged images out of the count of those kept. It is for
// the end of a recovery that succeeded without them.
func (r *recovery) setAside() error {
	for _, id := range r.damaged {
		if err := r.images.fs.setAside(id); err != nil {
			return fmt.Errorf("group %s: setting image %s aside: %w", r.cfg.Name, id, err)
		}
	}
	return nil
}

func (r *recovery) logBounds() (first, last uint64, err error) {
	if first, err = r.log.FirstIndex(); err != nil {
		return 0, 0, err
	}
	last, err = r.log.LastIndex()
	return first, last, err
}

// restoreImage restores the newest image that is whole. Damaged ones are set
// aside; whether the log makes up for them is for checkReach to say.
func (r *recovery) restoreImage() error {
	ids, err := r.images.fs.list()
	if err != nil {
		return fmt.Errorf("group %s: listing images: %w", r.cfg.Name, err)
	}
	for i := len(ids) - 1; i >= 0; i-- {
		index, _ := parseImageID(ids[i])
		r.lastImage = max(r.lastImage, index)
		err := r.tryImage(ids[i])
		if err == nil {
			return nil
		}
		if !errors.Is(err, ErrDamaged) {
			return err
		}
		r.cfg.Logger.Error("image is damaged, trying the one before it", "err", err)
		r.damaged = append(r.damaged, ids[i])
		if r.firstDamage == nil {
			r.firstDamage = err
		}
	}
	return nil
}

// tryImage restores one image. Damage in it wraps ErrDamaged.
func (r *recovery) tryImage(id string) error {
	m, err := r.images.load(id)
	if errors.Is(err, errVersion) {
		return fmt.Errorf("group %s: image %s: %w", r.cfg.Name, r.images.fs.path(id, manifestName), err)
	}
	if err != nil {
		return r.imageDamage(id, manifestName, -1, err)
	}
	state, err := r.images.read(id, m)
	if err != nil {
		return r.imageDamage(id, stateName, -1, err)
	}
	defer state.Close()
	if err := r.fsm.restore(state); err != nil {
		if errors.Is(err, errUnread) || state.err == nil {
			return fmt.Errorf("group %s: restoring image %s: %w", r.cfg.Name, id, err)
		}
		var fe *frameError
		if errors.As(state.err, &fe) {
			return r.imageDamage(id, stateName, fe.offset, errors.New(fe.what))
		}
		return r.imageDamage(id, stateName, -1, err)
	}
	r.index, r.term = m.index, m.term
	r.config, r.configIndex = m.config, m.configIndex
	return nil
}

func (r *recovery) imageDamage(id, file string, offset int64, err error) error {
	index, _ := parseImageID(id)
	return &DamageError{Group: r.cfg.Name, File: r.images.fs.path(id, file), Offset: offset, Index: index,
		What: "the image cannot be read", Err: err, Remedy: "no older image and log make up for it: " + remedyRestore}
}

// checkReach verifies that image and log together reach from the beginning to
// at least the newest image ever written, and drops a log that ends before
// the image (its tail was torn, the image holds what it held).
func (r *recovery) checkReach(first, last uint64) error {
	if r.index < r.lastImage && (last < r.lastImage || first > r.index+1) {
		return r.firstDamage
	}
	switch {
	case last == 0:
		return r.checkNeverLed()
	case first > r.index+1:
		return &DamageError{Group: r.cfg.Name, File: r.log.segmentOf(first), Offset: -1, Index: first,
			What:   fmt.Sprintf("the log begins at entry %d, but the newest image ends at %d: what lay between is missing", first, r.index),
			Remedy: remedyRestore}
	case last < r.index:
		r.cfg.Logger.Warn("log ends before the image, dropping it", "log", last, "image", r.index)
		return r.log.DeleteRange(first, last)
	}
	return nil
}

// checkNeverLed refuses to start from nothing where there once was something:
// a group without log and image must never have had a leader.
func (r *recovery) checkNeverLed() error {
	if r.index > 0 {
		return nil
	}
	term, err := r.log.GetUint64(keyCurrentTerm)
	if err != nil {
		return err
	}
	if term > firstTerm {
		return &DamageError{Group: r.cfg.Name, File: r.images.fs.path("", ""), Offset: -1,
			What: "images and log are missing, although the group has led before", Remedy: remedyRestore}
	}
	return nil
}

// replay verifies and applies the entries behind the image. With one voter
// every durable entry is committed; with more, only what the leader knew to be
// committed when it wrote the last entry, which log matching makes safe.
func (r *recovery) replay(last uint64) error {
	limit, err := r.replayLimit(last)
	if err != nil {
		return err
	}
	batch := make([]*raft.Log, 0, replayBatch)
	for index := r.index + 1; index <= last; index++ {
		entry, err := r.read(index)
		if err != nil {
			return err
		}
		if index > limit {
			continue // verified; raft decides about it
		}
		if r.note(entry); entry.Type == raft.LogConfiguration {
			if limit, err = r.replayLimit(last); err != nil {
				return err
			}
		}
		if batch = append(batch, entry); len(batch) == cap(batch) || index >= limit {
			if err := r.apply(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

const replayBatch = 32

// replayLimit returns the last index that is known to be committed, by the
// configuration in force at r.index.
func (r *recovery) replayLimit(last uint64) (uint64, error) {
	if voters(r.config) <= 1 {
		return last, nil
	}
	for index := last; index > r.index; index-- {
		entry, err := r.read(index)
		if err != nil {
			return 0, err
		}
		if entry.Type != raft.LogCommand {
			continue
		}
		cmd, err := command.Decode(entry.Data)
		if err != nil {
			return 0, r.entryDamage(index, err)
		}
		return max(r.index, min(cmd.CommitIndex, last)), nil
	}
	return r.index, nil
}

// voters counts the voters of an encoded configuration, 0 if there is none.
func voters(config []byte) (n int) {
	if len(config) == 0 {
		return 0
	}
	for _, s := range raft.DecodeConfiguration(config).Servers {
		if s.Suffrage == raft.Voter {
			n++
		}
	}
	return n
}

func (r *recovery) read(index uint64) (*raft.Log, error) {
	entry := new(raft.Log)
	if err := r.log.GetLog(index, entry); err != nil {
		return nil, r.entryDamage(index, err)
	}
	return entry, nil
}

func (r *recovery) note(entry *raft.Log) {
	r.index, r.term = entry.Index, entry.Term
	r.replayed += int64(len(entry.Data))
	if entry.Type == raft.LogConfiguration {
		r.config, r.configIndex = entry.Data, entry.Index
	}
}

// apply hands entries to the state machine. A command that cannot be decoded
// is damage; one that panics poisons the group before it has started.
func (r *recovery) apply(batch []*raft.Log) error {
	for i, res := range r.fsm.ApplyBatch(batch) {
		err, failed := res.(error)
		if !failed {
			continue
		}
		var p *PoisonError
		if errors.As(err, &p) {
			if cause, ok := p.Cause.(error); ok && errors.Is(cause, command.ErrChecksum) {
				return r.entryDamage(batch[i].Index, cause)
			}
		}
		return err
	}
	return nil
}

func (r *recovery) entryDamage(index uint64, err error) error {
	return &DamageError{Group: r.cfg.Name, File: r.log.segmentOf(index), Offset: -1, Index: index,
		What: "the log entry cannot be read", Err: err, Remedy: remedyRestore}
}
