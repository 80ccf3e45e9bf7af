package eval

import (
	"github.com/musterdb/muster/engine/gather"
	"github.com/musterdb/muster/engine/scalar"
)

// projector copies the select list of rows of one source into a batch.
type projector struct {
	w   *Worker
	s   *source
	b   *gather.Batch
	row rowAt

	contacts []uint32 // scratch: rows of events' contacts
	times    []int64  // scratch
}

// stride adds rows, at most gather.Stride of them, and returns how many the batch kept. Expressions are
// evaluated first, as their cells must be known before the batch can say where it is full.
func (p *projector) stride(rows []uint32) (kept int, err error) {
	if err := p.w.ctx.Err(); err != nil {
		return 0, err
	}
	items := p.w.prog.items
	var cells [][]scalar.Value
	var sizes []int
	taken := len(rows)
	for k := range items {
		if items[k].copied() {
			taken = min(taken, p.copyItem(k, rows))
			continue
		}
		if cells == nil {
			cells, sizes = make([][]scalar.Value, len(items)), make([]int, len(rows))
		}
		if cells[k], err = p.evaluate(&items[k], rows, sizes); err != nil {
			return 0, err
		}
	}
	kept = p.b.End(taken, sizes)
	for k := range cells {
		if cells[k] == nil {
			continue
		}
		to := p.b.Builder(k)
		for _, v := range cells[k][:kept] {
			if err := appendCell(to, v, items[k].typ); err != nil {
				return kept, err
			}
		}
	}
	return kept, nil
}

// copied says whether the item's cells are copied, not evaluated.
func (it *item) copied() bool { return it.direct || it.id || it.time }

// copyItem copies an item of rows and returns how many the batch took.
func (p *projector) copyItem(k int, rows []uint32) int {
	it := &p.w.prog.items[k]
	switch {
	case it.id:
		return p.b.IDs(k, p.w.view.IDColumn(p.s.chunk).Chunk(), p.contactsOf(rows))
	case it.time:
		p.times = p.times[:0]
		for _, i := range rows {
			p.times = append(p.times, p.s.block.Time(int(i)))
		}
		p.b.Times(k, p.times)
		return len(rows)
	}
	return p.b.Column(k, p.w.column(p.s, &it.ref), rows)
}

// contactsOf returns the rows of the contacts of rows, which are contacts themselves or events.
func (p *projector) contactsOf(rows []uint32) []uint32 {
	if !p.s.isBlock {
		return rows
	}
	of := p.s.block.Rows()
	p.contacts = p.contacts[:0]
	for _, i := range rows {
		p.contacts = append(p.contacts, uint32(of[i]))
	}
	return p.contacts
}

// evaluate computes an item of rows and adds to sizes what its cells take.
func (p *projector) evaluate(it *item, rows []uint32, sizes []int) ([]scalar.Value, error) {
	out := make([]scalar.Value, len(rows))
	for i, row := range rows {
		p.row.at(p.s, int(row))
		v, err := it.expr.Value(&p.row)
		if err != nil {
			return nil, err
		}
		if out[i], err = cellOf(v, it.typ); err != nil {
			return nil, err
		}
		sizes[i] += cellBytes(out[i])
		if err := p.w.check(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
