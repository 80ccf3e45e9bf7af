package tile

// source is events of one block to be written into another; sel nil takes all.
type source struct {
	h   *header
	sel []uint32
}

func (s source) len() int {
	if s.sel == nil {
		return int(s.h.n)
	}
	return len(s.sel)
}

// relayout returns a copy of a block in another shape of the same span.
func (tx *Tx) relayout(info *typeInfo, h *header, sp spec) *header {
	g := tx.newHeader(info, sp)
	tx.pending = append(tx.pending, g)
	if h.n > 0 {
		tx.take(g, source{h: h})
	}
	return g
}

// take appends a source's events to a block that has room and lanes for them.
func (tx *Tx) take(g *header, src source) {
	h := src.h
	sel := src.sel
	if sel == nil {
		sel = tx.s.scr.all(int(h.n))
	}
	at := int(g.n)
	g.n += uint32(len(sel))
	pick(g.rows()[at:], h.rows(), sel)
	if g.span == h.span && g.k == h.k {
		pick(g.t()[at:], h.t(), sel)
		g.takeRest(at, h, sel)
		g.bound(at, src, sel)
	} else {
		g.takeTimes(at, h, sel)
	}
	if ids := g.ids(); ids != nil {
		if from := h.ids(); from != nil {
			pick(ids[at:], from, sel)
		} else {
			clear(ids[at:])
		}
	}
	ls := g.laneList()
	for i := range ls {
		l := &ls[i]
		from := h.lane(l.slot)
		c := &tx.s.scr.cells
		c.load(h, from, sel)
		if from != nil {
			c.rebase(from.base, l.base)
		}
		c.store(g, l, at)
	}
}

// all returns 0, 1, …, n-1.
func (s *scratch) all(n int) []uint32 {
	for len(s.iota) < n {
		s.iota = append(s.iota, uint32(len(s.iota)))
	}
	return s.iota[:n]
}

func (g *header) takeRest(at int, h *header, sel []uint32) {
	switch {
	case g.resw == 2 && h.resw == 2:
		pick(g.res16()[at:], h.res16(), sel)
	case g.resw == 4 && h.resw == 4:
		pick(g.res32()[at:], h.res32(), sel)
	case g.resw == 2:
		clear(g.res16()[at:])
	case g.resw == 4:
		clear(g.res32()[at:])
	}
}

// bound keeps the block's bounds of time; whole blocks bring theirs.
func (g *header) bound(at int, src source, sel []uint32) {
	lo, hi := src.h.min, src.h.max
	if src.sel != nil {
		lo, hi = src.h.boundsOf(sel)
	}
	if at > 0 {
		lo, hi = min(lo, g.min), max(hi, g.max)
	}
	g.min, g.max = lo, hi
}

func (h *header) boundsOf(sel []uint32) (lo, hi int64) {
	lo, hi = h.time(int(sel[0])), h.time(int(sel[0]))
	for _, i := range sel[1:] {
		t := h.time(int(i))
		lo, hi = min(lo, t), max(hi, t)
	}
	return lo, hi
}

// takeTimes converts times to the units of another span.
func (g *header) takeTimes(at int, h *header, sel []uint32) {
	ts, start, unit := g.t()[at:], g.start(), g.unit()
	r16, r32 := g.res16(), g.res32()
	for i, j := range sel {
		ms := h.time(int(j))
		if at+i == 0 {
			g.min, g.max = ms, ms
		}
		g.min, g.max = min(g.min, ms), max(g.max, ms)
		t := (ms - start) / unit
		ts[i] = uint16(t)
		rest := ms - start - t*unit
		if r16 != nil {
			r16[at+i] = uint16(rest)
		} else if r32 != nil {
			r32[at+i] = uint32(rest)
		}
	}
}

// combine lays out a block of some span that holds the events of sources; there must be one at least.
func (tx *Tx) combine(d *draft, span uint32, k uint8, srcs ...source) *header {
	sp := spec{span: span, k: k}
	unit := int64(1000) << (k - minK)
	for _, s := range srcs {
		sp.cap += s.len()
		sp.ids = sp.ids || s.h.has(flagIDs)
		sp.res = sp.res || tx.anyRest(s, unit)
		sp.lanes = s.h.addLanes(d.info, sp.lanes)
	}
	for i := range sp.lanes {
		for _, s := range srcs {
			if s.h.lane(sp.lanes[i].slot) == nil {
				sp.lanes[i].flags |= laneNulls
			}
		}
	}
	g := tx.newHeader(d.info, sp)
	tx.pending = append(tx.pending, g)
	for _, s := range srcs {
		tx.take(g, s)
	}
	return g
}

// anyRest says whether some time of a source is no whole number of units.
func (tx *Tx) anyRest(s source, unit int64) bool {
	if s.h.resw == 0 && s.h.unit() >= unit {
		return false
	}
	sel := s.sel
	if sel == nil {
		sel = tx.s.scr.all(int(s.h.n))
	}
	for _, i := range sel {
		if s.h.time(int(i))%unit != 0 {
			return true
		}
	}
	return false
}

// addLanes widens lanes, sorted by slot, for the values of another block; dropped properties are left out.
func (h *header) addLanes(info *typeInfo, lanes []lane) []lane {
	for _, l := range h.laneList() {
		if info.props[l.slot].dropped {
			continue
		}
		i := 0
		for i < len(lanes) && lanes[i].slot < l.slot {
			i++
		}
		if i == len(lanes) || lanes[i].slot != l.slot {
			lanes = append(lanes, lane{})
			copy(lanes[i+1:], lanes[i:])
			lanes[i] = l
			continue
		}
		s := stats{min: l.min, max: l.max, some: !l.empty(), nulls: l.flags&laneNulls != 0}
		lanes[i].fit(info.props[l.slot].typ.Kind, s, false)
	}
	return lanes
}

// split halves block i until its parts have fewer than splitAt events or count in seconds.
func (tx *Tx) split(d *draft, i int) {
	h := d.blocks[i].h
	if h.n < splitAt || h.k == minK {
		return
	}
	mid := h.start() + (h.end()-h.start())/2
	var left, right []uint32
	for e := range h.n {
		if h.time(int(e)) < mid {
			left = append(left, e)
		} else {
			right = append(right, e)
		}
	}
	tx.s.index.drop(indexKey{d.key, h.span})
	k := h.k - 1
	half := uint32(1) << (k - minK)
	var l, r *header
	if len(left) > 0 {
		l = tx.combine(d, h.span, k, source{h, left})
	}
	if len(right) > 0 {
		r = tx.combine(d, h.span+half, k, source{h, right})
	}
	switch {
	case l == nil:
		tx.replace(d, i, r)
		tx.split(d, i)
	case r == nil:
		tx.replace(d, i, l)
		tx.split(d, i)
	default:
		tx.replace(d, i, l)
		d.insert(i+1, r)
		tx.split(d, i+1)
		tx.split(d, i)
	}
}
