package replica

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/musterdb/muster/cluster/command"
)

// dedupeWindow is how many sequences below the highest one are remembered
// singly; everything below counts as seen.
const dedupeWindow = 64

// producer is what a group remembers of one session.
type producer struct {
	id      command.ProducerID
	epoch   uint32
	highest uint64
	seen    uint64 // bit i: sequence highest−i took effect
	stamp   int64  // of the last command that named it

	newer, older *producer // in order of last use
}

// verdict says what to do with a command of a producer.
type verdict uint8

const (
	fresh verdict = iota
	duplicate
	fenced
)

// producerTable makes commands of producers take effect once. It changes only
// through the log, so every replica holds the same one. Sessions go by age
// (stamps are monotone, so the order of last use is the order of age) and, when
// there are too many, least recently used first.
type producerTable struct {
	byID           map[command.ProducerID]*producer
	newest, oldest *producer
	max            int
	ttl            int64 // ms
}

func newProducerTable(limit int, ttl int64) *producerTable {
	return &producerTable{byID: make(map[command.ProducerID]*producer), max: limit, ttl: ttl}
}

// judge decides on a command without recording it. now is the group's clock.
func (t *producerTable) judge(p command.Producer, now int64) verdict {
	t.expire(now)
	e := t.byID[p.ID]
	switch {
	case e == nil || p.Epoch > e.epoch:
		return fresh
	case p.Epoch < e.epoch:
		return fenced
	}
	t.touch(e, now)
	if p.Seq > e.highest {
		return fresh
	}
	back := e.highest - p.Seq
	if back >= dedupeWindow || e.seen>>back&1 == 1 {
		return duplicate
	}
	return fresh
}

// record notes that a command judged fresh took effect.
func (t *producerTable) record(p command.Producer, now int64) {
	e := t.byID[p.ID]
	if e == nil {
		e = &producer{id: p.ID, epoch: p.Epoch, highest: p.Seq, seen: 1, stamp: now}
		t.byID[p.ID] = e
		t.pushNewest(e)
		t.evict()
		return
	}
	t.touch(e, now)
	if p.Epoch > e.epoch {
		e.epoch, e.highest, e.seen = p.Epoch, p.Seq, 1
		return
	}
	e.note(p.Seq)
}

func (e *producer) note(seq uint64) {
	if seq <= e.highest {
		e.seen |= 1 << (e.highest - seq)
		return
	}
	e.seen = e.seen<<(seq-e.highest) | 1 // a shift by 64 or more leaves 0
	e.highest = seq
}

func (t *producerTable) touch(e *producer, now int64) {
	e.stamp = now
	if t.newest != e {
		t.unlink(e)
		t.pushNewest(e)
	}
}

func (t *producerTable) expire(now int64) {
	for t.oldest != nil && now-t.oldest.stamp > t.ttl {
		t.remove(t.oldest)
	}
}

func (t *producerTable) evict() {
	for len(t.byID) > t.max {
		t.remove(t.oldest)
	}
}

func (t *producerTable) remove(e *producer) {
	t.unlink(e)
	delete(t.byID, e.id)
}

func (t *producerTable) pushNewest(e *producer) {
	e.older, e.newer = t.newest, nil
	if t.newest != nil {
		t.newest.newer = e
	} else {
		t.oldest = e
	}
	t.newest = e
}

func (t *producerTable) unlink(e *producer) {
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		t.newest = e.older
	}
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		t.oldest = e.newer
	}
}

const producerRecord = 16 + 4 + 8 + 8 + 8

// appendTo writes the table, least recently used first, so that reading it
// back restores the order too.
func (t *producerTable) appendTo(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, uint32(len(t.byID)))
	for e := t.oldest; e != nil; e = e.newer {
		b = append(b, e.id[:]...)
		b = le.AppendUint32(b, e.epoch)
		b = le.AppendUint64(b, e.highest)
		b = le.AppendUint64(b, e.seen)
		b = le.AppendUint64(b, uint64(e.stamp))
	}
	return b
}

// readFrom replaces the table by n records of r.
func (t *producerTable) readFrom(r io.Reader, n uint32) error {
	le := binary.LittleEndian
	fresh := newProducerTable(t.max, t.ttl)
	var b [producerRecord]byte
	for range n {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return err
		}
		e := &producer{
			id: command.ProducerID(b[:16]), epoch: le.Uint32(b[16:]), highest: le.Uint64(b[20:]),
			seen: le.Uint64(b[28:]), stamp: int64(le.Uint64(b[36:])),
		}
		if fresh.byID[e.id] != nil {
			return fmt.Errorf("producer %x twice", e.id)
		}
		fresh.byID[e.id] = e
		fresh.pushNewest(e)
	}
	*t = *fresh
	return nil
}
