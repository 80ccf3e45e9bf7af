package tile

import (
	"fmt"
	"slices"
	"sync"

	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
)

// MaxTime is the first instant (ms) that is too late for an event: 2^32 seconds after 1970.
const MaxTime = int64(1) << 32 * 1000

// Batch is events of one type to append, in order of arrival.
type Batch struct {
	Event schema.EventID
	Rows  []uint32        // shard row of each event's contact
	Times []int64         // ms, from 0 to before MaxTime
	IDs   []uint64        // id hashes, 0 for none; nil if no event has one
	Props []change.Column // as long as Rows; a cell that is not OpSet is null
}

// scratch is memory that one Tx after the other uses, a megabyte once it has seen a full chunk. Stores
// share it, because a thousand small bases have 16 thousand of them and change a few at a time.
type scratch struct {
	order  []uint32 // events by chunk, arrival order within
	counts []uint32
	slots  []uint32 // target block of each event of a chunk
	sorted []uint32 // events by block
	keep   []uint32 // events that are no duplicates
	batch  []uint32 // hash table of dedupe
	cells  cells
	rows   rowSums
	adds   *[chunkRows]int32 // of a Life's rows; all zero between uses
	iota   []uint32
	ops    [][]lifeOp // for drafts to use
}

var scratches = sync.Pool{New: func() any { return &scratch{} }}

func (s *Store) takeScratch() { s.scr = scratches.Get().(*scratch) }

func (s *Store) giveScratch() {
	scratches.Put(s.scr)
	s.scr = nil
}

func (s *scratch) takeOps() []lifeOp {
	if len(s.ops) == 0 {
		return nil
	}
	ops := s.ops[len(s.ops)-1]
	s.ops = s.ops[:len(s.ops)-1]
	return ops
}

// giveOps keeps memory for later, as much as the tiles of one change may use.
func (s *scratch) giveOps(ops []lifeOp) {
	if cap(ops) > 0 && len(s.ops) < 32 {
		s.ops = append(s.ops, ops[:0])
	}
}

func (b *Batch) check() error {
	n := len(b.Rows)
	if len(b.Times) != n || b.IDs != nil && len(b.IDs) != n {
		return fmt.Errorf("batch of event type %d: %d rows, %d times, %d ids", b.Event, n, len(b.Times), len(b.IDs))
	}
	for i, ms := range b.Times {
		if ms < 0 || ms >= MaxTime {
			return fmt.Errorf("batch of event type %d: time %d ms of event %d is not between 1970 and 2106", b.Event, ms, i)
		}
		if b.Rows[i] >= schema.MaxRowsPerShard {
			return fmt.Errorf("batch of event type %d: row %d of event %d is too great", b.Event, b.Rows[i], i)
		}
	}
	return nil
}

// Append adds events and returns how many were dropped as duplicates: those of a type with an ID whose
// id the same row already holds at most schema.DedupeWindow away, in the store or earlier in the change.
// It refuses a batch that does not fit the schema; nothing of it is appended then.
func (tx *Tx) Append(b *Batch) (duplicates int, err error) {
	if err := b.check(); err != nil {
		return 0, err
	}
	t := findType(tx.types, b.Event)
	if t == nil {
		return 0, fmt.Errorf("event type %d is not in the shard's schema", b.Event)
	}
	if len(b.Rows) == 0 {
		return 0, nil
	}
	cols, err := tx.encode(t.info, b)
	if err != nil {
		return 0, err
	}
	events := tx.byChunk(b.Rows)
	for len(events) > 0 {
		chunk := b.Rows[events[0]] >> 16
		n := chunkRun(b.Rows, events, chunk)
		d := tx.draft(t, int(chunk))
		keep := events[:n]
		if t.info.hasID && b.IDs != nil {
			keep = tx.unique(d, b, keep)
			duplicates += n - len(keep)
		}
		tx.appendTo(d, b, cols, keep)
		events = events[n:]
	}
	return duplicates, nil
}

func chunkRun(rows, events []uint32, chunk uint32) int {
	if rows[events[len(events)-1]]>>16 == chunk {
		return len(events)
	}
	n := 0
	for rows[events[n]]>>16 == chunk {
		n++
	}
	return n
}

// byChunk returns the events' numbers sorted by chunk, in order of arrival within a chunk.
func (tx *Tx) byChunk(rows []uint32) []uint32 {
	scr := tx.s.scr
	scr.order = resize(scr.order, len(rows))
	var top uint32
	sorted := true
	for i, r := range rows {
		scr.order[i] = uint32(i)
		sorted = sorted && r>>16 >= top
		top = max(top, r>>16)
	}
	if !sorted {
		scr.sorted = resize(scr.sorted, len(rows))
		scr.sortBy(scr.sorted, scr.order, int(top)+1, func(e uint32) uint32 { return rows[e] >> 16 })
		scr.order, scr.sorted = scr.sorted, scr.order
	}
	return scr.order
}

// sortBy writes events to dst by ascending key below n; equal keys keep their order.
func (s *scratch) sortBy(dst, events []uint32, n int, key func(uint32) uint32) {
	s.counts = resize(s.counts, n+1)
	clear(s.counts)
	for _, e := range events {
		s.counts[key(e)+1]++
	}
	for i := range n {
		s.counts[i+1] += s.counts[i]
	}
	for _, e := range events {
		k := key(e)
		dst[s.counts[k]] = e
		s.counts[k]++
	}
}

// appendTo adds events of one chunk to its tile.
func (tx *Tx) appendTo(d *draft, b *Batch, cols []values, events []uint32) {
	if len(events) == 0 {
		return
	}
	scr := tx.s.scr
	scr.slots = resize(scr.slots, len(b.Rows))
	sorted := tx.target(d, b.Times, events)
	if !sorted {
		scr.sorted = resize(scr.sorted, len(events))
		scr.sortBy(scr.sorted, events, len(d.blocks), func(e uint32) uint32 { return scr.slots[e] })
		events = scr.sorted
	}
	tx.liveMore(d, b, events)
	d.n += len(events)
	for end := len(events); end > 0; { // from the last block on: splitting moves those behind
		slot := scr.slots[events[end-1]]
		from := end - 1
		for from > 0 && scr.slots[events[from-1]] == slot {
			from--
		}
		tx.appendRun(d, int(slot), b, cols, events[from:end])
		tx.split(d, int(slot))
		end = from
	}
}

// target finds the block of every event, making those that are missing, and says whether the events
// are in the order of blocks already.
func (tx *Tx) target(d *draft, times []int64, events []uint32) (sorted bool) {
	slots := tx.s.scr.slots
restart:
	sorted = true
	slot, lo, hi := -1, int64(0), int64(0)
	for _, e := range events {
		if ms := times[e]; ms < lo || ms >= hi {
			i := d.find(ms)
			if i < 0 {
				tx.newBlock(d, ms)
				goto restart
			}
			sorted = sorted && i >= slot
			slot, lo, hi = i, d.blocks[i].h.start(), d.blocks[i].h.end()
		}
		slots[e] = uint32(slot)
	}
	return sorted
}

// spanOf returns the 2^16-second span that an instant lies in.
func spanOf(ms int64) uint32 { return uint32(ms / (1000 << minK)) }

// find returns the block whose span holds an instant, or -1.
func (d *draft) find(ms int64) int {
	i := after(d.starts, spanOf(ms)) - 1
	if i < 0 || d.blocks[i].h.end() <= ms {
		return -1
	}
	return i
}

// after returns the number of starts that are not after span.
func after(starts []uint32, span uint32) int {
	lo, n := 0, len(starts)
	for n > 0 {
		half := (n + 1) / 2
		if starts[lo+half-1] <= span {
			lo += half
		}
		n -= half
	}
	return lo
}

// newBlock inserts an empty block of the widest aligned span round an instant that touches no other.
func (tx *Tx) newBlock(d *draft, ms int64) {
	span := spanOf(ms)
	i := after(d.starts, span)
	var least uint32
	most := uint32(MaxTime / (1000 << minK))
	if i > 0 {
		least = d.blocks[i-1].h.spanEnd()
	}
	if i < len(d.starts) {
		most = d.starts[i]
	}
	k := uint8(maxK)
	for ; k > minK; k-- {
		width := uint32(1) << (k - minK)
		if from := span &^ (width - 1); from >= least && from+width <= most {
			break
		}
	}
	h := &header{info: d.info, span: span &^ (1<<(k-minK) - 1), k: k, flags: flagPending}
	d.insert(i, h)
}

// appendRun adds events to one block, whose memory it lays out anew if they do not fit.
func (tx *Tx) appendRun(d *draft, slot int, b *Batch, cols []values, run []uint32) {
	h := tx.mutable(d, slot)
	if sp, fits := h.require(d.info, b, cols, run); !fits {
		g := tx.relayout(d.info, h, sp)
		tx.replace(d, slot, g)
		h = g
	}
	at := int(h.n)
	d.todo = min(d.todo, h.span)
	h.n += uint32(len(run))
	h.putTimes(at, b, run)
	if h.has(flagIDs) {
		h.putIDs(at, b.IDs, run)
	}
	ls := h.laneList()
	for i := range ls {
		tx.putLane(h, &ls[i], at, cols, run)
	}
}

func (tx *Tx) putLane(h *header, l *lane, at int, cols []values, run []uint32) {
	c := &tx.s.scr.cells
	for j := range cols {
		if cols[j].slot == l.slot {
			cols[j].cells(c, run, l.base)
			c.store(h, l, at)
			return
		}
	}
	c.resize(len(run))
	clear(c.v)
	clear(c.ok)
	c.store(h, l, at)
}

// require says whether events fit the block as it is laid out, and if not, what it must become. The
// bounds of the lanes of a block that fits are widened in place.
func (h *header) require(info *typeInfo, b *Batch, cols []values, run []uint32) (spec, bool) {
	var buf [16]lane
	lanes := append(buf[:0], h.laneList()...)
	fits := int(h.n)+len(run) <= int(h.cap)
	for i := range lanes {
		s := stats{nulls: true}
		if j := slices.IndexFunc(cols, func(v values) bool { return v.slot == lanes[i].slot }); j >= 0 {
			s = cols[j].stats(run)
		}
		if lanes[i].fit(info.props[lanes[i].slot].typ.Kind, s, false) {
			fits = false
		}
		bits := lanes[i].width == widthBits || lanes[i].flags&laneNulls != 0
		if bits && h.n&63 != 0 && !h.has(flagOwnMem) {
			fits = false // the word that the next bit goes to can be seen by readers
		}
	}
	for j := range cols {
		if h.lane(cols[j].slot) != nil {
			continue
		}
		if s := cols[j].stats(run); s.some {
			s.nulls = s.nulls || h.n > 0
			l := lane{slot: cols[j].slot}
			l.fit(cols[j].kind, s, true)
			lanes = append(lanes, l)
			fits = false
		}
	}
	sp := spec{span: h.span, k: h.k, res: h.resw > 0, ids: h.has(flagIDs)}
	if !sp.res && h.anyRest(b.Times, run) {
		sp.res, fits = true, false
	}
	if !sp.ids && b.IDs != nil && anyID(b.IDs, run) {
		sp.ids, fits = true, false
	}
	if fits {
		copy(h.laneList(), lanes)
		return sp, true
	}
	slices.SortFunc(lanes, func(a, b lane) int { return int(a.slot) - int(b.slot) })
	sp.lanes = slices.Clone(lanes)
	sp.cap = int(h.cap)
	if need := int(h.n) + len(run); need > sp.cap {
		sp.cap = grownCap(sp.cap, need)
	}
	return sp, false
}

func anyID(ids []uint64, run []uint32) bool {
	for _, e := range run {
		if ids[e] != 0 {
			return true
		}
	}
	return false
}

func (h *header) anyRest(times []int64, run []uint32) bool {
	unit := h.unit()
	for _, e := range run {
		if times[e]%unit != 0 { // spans start at whole units
			return true
		}
	}
	return false
}

// putTimes writes rows, times and residuals of events from place `at` on; h.n counts them already.
func (h *header) putTimes(at int, b *Batch, run []uint32) {
	rows, ts := h.rows()[at:], h.t()[at:]
	start, shift := h.start(), h.k-minK
	mask := int64(1)<<shift - 1
	lo, hi := h.min, h.max
	if at == 0 {
		lo, hi = b.Times[run[0]], b.Times[run[0]]
	}
	for i, e := range run {
		ms := b.Times[e]
		lo, hi = min(lo, ms), max(hi, ms)
		rows[i] = uint16(b.Rows[e])
		ts[i] = uint16((ms - start) / 1000 >> shift)
	}
	h.min, h.max = lo, hi
	switch h.resw {
	case 2:
		r := h.res16()[at:]
		for i, e := range run {
			d := b.Times[e] - start
			r[i] = uint16((d/1000&mask)*1000 + d%1000)
		}
	case 4:
		r := h.res32()[at:]
		for i, e := range run {
			d := b.Times[e] - start
			r[i] = uint32((d/1000&mask)*1000 + d%1000)
		}
	}
}

func (h *header) putIDs(at int, ids []uint64, run []uint32) {
	dst := h.ids()[at:]
	if ids == nil {
		clear(dst)
		return
	}
	for i, e := range run {
		dst[i] = ids[e]
	}
}

func findType(types []eventType, event schema.EventID) *eventType {
	v := View{types: types}
	return v.find(event)
}
