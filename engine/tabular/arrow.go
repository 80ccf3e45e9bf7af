package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/musterdb/muster/engine/tabular/guard"
	"github.com/musterdb/muster/storage/schema"
)

// typeKey is the field metadata under which a Writer notes a type that Arrow has no word for.
const typeKey = "muster.type"

// arrowReader reads an IPC stream. A file is read as the stream it contains: the footer, which is a second
// and hostile-able way to find the same batches, is not used.
type arrowReader struct {
	frames *guard.Frames
	ipc    *ipc.Reader
	cols   []arrowColumn
	record []arrow.Array // the leaves of the current record
	at, n  int
	row    int64
}

// arrowColumn is one leaf of the schema: a column that is no struct, and the way to it.
type arrowColumn struct {
	path []int
	col  Column
	read cellReader
}

// cellReader adds cell i of an array, which is not null, as the column's cell of a row. The reason is why it
// has no place in the column's type.
type cellReader func(c *Column, row int, a arrow.Array, i int) (reason string)

func newArrow(r *bufio.Reader, opt Options) (src source, err error) {
	defer func() {
		if p := recover(); p != nil {
			src, err = nil, fmt.Errorf("the schema is damaged: %v", p)
		}
	}()
	head, _ := r.Peek(8)
	inFile := bytes.HasPrefix(head, magicArrow)
	if inFile {
		_, _ = r.Discard(8)
	}
	f := guard.NewFrames(r, opt.MaxMemory, inFile)
	rd, err := ipc.NewReaderFromMessageReader(f, ipc.WithAllocator(guard.NewMemory(opt.MaxMemory)))
	if err != nil {
		return nil, errors.Join(f.Err(), err)
	}
	out := &arrowReader{frames: f, ipc: rd}
	if err := out.leaves(rd.Schema().Fields(), "", nil); err != nil {
		return nil, err
	}
	return out, nil
}

// leaves lists the columns; the fields of a struct are columns with dotted names.
func (r *arrowReader) leaves(fields []arrow.Field, prefix string, path []int) error {
	for i, f := range fields {
		name, at := prefix+f.Name, append(path[:len(path):len(path)], i)
		if s, ok := f.Type.(*arrow.StructType); ok {
			if err := r.leaves(s.Fields(), name+".", at); err != nil {
				return err
			}
			continue
		}
		for _, c := range r.cols {
			if c.col.Name == name {
				return fmt.Errorf("two columns are called %q", name)
			}
		}
		if len(r.cols) == maxColumns {
			return fmt.Errorf("the file has more than %d columns", maxColumns)
		}
		c := arrowColumn{path: at, col: Column{Name: name}}
		c.describe(f)
		r.cols = append(r.cols, c)
	}
	return nil
}

func (r *arrowReader) fill(b *Batch) error {
	if len(b.Columns) == 0 {
		for _, c := range r.cols {
			b.addColumn(c.col)
		}
	}
	for !b.full() {
		if r.at == r.n {
			if err := r.next(); err != nil {
				return err
			}
			continue
		}
		r.row++
		r.add(b)
		r.at++
	}
	return nil
}

// next reads the next record batch and checks it.
func (r *arrowReader) next() error {
	r.record, r.at, r.n = r.record[:0], 0, 0
	if !r.ipc.Next() {
		if err := errors.Join(r.frames.Err(), r.ipc.Err()); err != nil {
			return err
		}
		return io.EOF
	}
	rec := r.ipc.Record()
	if err := guard.CheckRecord(rec); err != nil {
		return fmt.Errorf("record batch after row %d: %w", r.row, err)
	}
	for i := range r.cols {
		r.record = append(r.record, leaf(rec.Columns(), r.cols[i].path))
	}
	r.n = int(rec.NumRows())
	return nil
}

// add adds the current row: all its cells, or a row error.
func (r *arrowReader) add(b *Batch) {
	for i := range r.cols {
		c, a := &b.Columns[i], r.record[i]
		if a == nil || a.IsNull(r.at) {
			c.null(b.Rows)
			continue
		}
		if reason := r.cols[i].read(c, b.Rows, plain(a), r.at); reason != "" {
			b.cut(i)
			b.addError(r.row, c.Name, "column "+c.Name+": "+reason, []byte(reason))
			return
		}
	}
	b.addRow(r.row)
}

// cut takes back the cells of the row being added from the first n columns.
func (b *Batch) cut(n int) {
	for i := range n {
		b.Columns[i].pop(b.Rows)
	}
}

// pop takes back the cell of a row, the column's last.
func (c *Column) pop(row int) {
	c.Valid[row>>6] &^= 1 << (row & 63)
	if row&63 == 0 {
		c.Valid = c.Valid[:row>>6]
	}
	switch c.Type.Kind {
	case schema.KindText:
		c.Texts.Off = c.Texts.Off[:row+1]
		c.Texts.Bytes = c.Texts.Bytes[:c.Texts.Off[row]]
	case schema.KindSet:
		c.SetOff = c.SetOff[:row+1]
		c.cutTexts(c.SetOff[row])
	case schema.KindFloat:
		c.Floats = c.Floats[:row]
	default:
		c.Ints = c.Ints[:row]
	}
}

// cutTexts keeps the first n texts.
func (c *Column) cutTexts(n uint32) {
	if len(c.Texts.Off) > 0 {
		c.Texts.Off = c.Texts.Off[:n+1]
		c.Texts.Bytes = c.Texts.Bytes[:c.Texts.Off[n]]
	}
}
