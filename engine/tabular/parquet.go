package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	pq "github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/musterdb/muster/engine/tabular/guard"
	"github.com/musterdb/muster/storage/schema"
)

// parquetReader reads the leaves of a Parquet file column by column, a page at a time, without pqarrow:
// that one decodes in goroutines, whose panics on hostile files nobody can recover.
type parquetReader struct {
	in    io.ReaderAt
	size  int64
	limit int64
	mem   *guard.Memory
	file  *file.Reader
	cols  []parquetColumn
	group int   // next row group
	left  int64 // rows left in the current one
	row   int64
	total int64
}

// parquetColumn is one leaf, or what stands for leaves that cannot be read.
type parquetColumn struct {
	leaf   int // −1: nothing to read
	col    Column
	levels levels
	open   func(file.ColumnChunkReader) (values, error)
	values values
}

// levels are the definition and repetition levels of a leaf.
type levels struct {
	maxDef int16
	list   bool
	repDef int16 // definition level from which on a list has an element
}

// values reads the cells of a leaf in a row group.
type values interface {
	// next adds the next row's cell. The reason is why it has no place in the column's type; the cell is
	// then not added.
	next(c *Column, row int) (reason string, err error)
}

func newParquet(in io.Reader, plain *bufio.Reader, compressed bool, opt Options) (src source, err error) {
	defer func() {
		if p := recover(); p != nil {
			src, err = nil, fmt.Errorf("the Parquet footer is damaged: %v", p)
		}
	}()
	r := &parquetReader{limit: opt.MaxMemory, size: opt.Size, mem: guard.NewMemory(opt.MaxMemory)}
	r.in, _ = in.(io.ReaderAt)
	if r.in == nil || compressed || r.size == 0 {
		all, err := io.ReadAll(io.LimitReader(plain, opt.MaxMemory+1))
		if err != nil {
			return nil, err
		}
		if int64(len(all)) > opt.MaxMemory {
			return nil, fmt.Errorf("%w: Parquet that is no plain file is read into memory, and the most is %d bytes", ErrTooLarge, opt.MaxMemory)
		}
		r.in, r.size = bytes.NewReader(all), int64(len(all))
	}
	return r, r.openFile()
}

func (r *parquetReader) openFile() error {
	if err := guard.CheckFooter(r.in, r.size); err != nil {
		return err
	}
	props := parquet.NewReaderProperties(r.mem)
	props.BufferedStreamEnabled = true
	props.BufferSize = 64 << 10
	f, err := file.NewParquetReader(io.NewSectionReader(r.in, 0, r.size), file.WithReadProps(props))
	if err != nil {
		return err
	}
	r.file, r.total = f, f.NumRows()
	return r.leaves(f.MetaData().Schema)
}

// leaves lists the columns.
func (r *parquetReader) leaves(s *pq.Schema) error {
	if s.NumColumns() > maxColumns {
		return fmt.Errorf("the file has more than %d columns", maxColumns)
	}
	at := map[string]int{}
	for i := range s.NumColumns() {
		c := describeLeaf(s.Column(i))
		if had, ok := at[c.col.Name]; ok {
			if !c.levels.list || !r.cols[had].levels.list {
				return fmt.Errorf("two columns are called %q", c.col.Name)
			}
			// Several leaves under one list: a list of structs, which is no type of ours.
			r.cols[had] = parquetColumn{leaf: -1, levels: c.levels, col: Column{Name: c.col.Name, Unsupported: "list of structs"}}
			continue
		}
		if c.leaf == 0 {
			c.leaf = i
		}
		r.noted(&c)
		at[c.col.Name] = len(r.cols)
		r.cols = append(r.cols, c)
	}
	return nil
}

// noted gives a column the type that our Writer noted for it.
func (r *parquetReader) noted(c *parquetColumn) {
	note := r.file.MetaData().KeyValueMetadata().FindValue(typeKey + ":" + c.col.Name)
	if note == nil || c.col.Type.Kind != schema.KindInt {
		return
	}
	for _, k := range []schema.Kind{schema.KindKey, schema.KindDuration} {
		if *note == k.String() {
			c.col.Type.Kind = k
			openAs(c, func(col *Column, row int, v int64) string { col.int(row, v); return "" })
		}
	}
}

// describeLeaf names a leaf by its path, up to its list if it is in one, and chooses its type.
func describeLeaf(leaf *pq.Column) parquetColumn {
	c := parquetColumn{levels: levels{maxDef: leaf.MaxDefinitionLevel(), list: leaf.MaxRepetitionLevel() > 0}}
	var nodes []pq.Node
	for n := leaf.SchemaNode(); n != nil && n.Parent() != nil; n = n.Parent() {
		nodes = append([]pq.Node{n}, nodes...)
	}
	var names []string
	var def int16
	for i, n := range nodes {
		if n.RepetitionType() != parquet.Repetitions.Required {
			def++
		}
		if n.RepetitionType() == parquet.Repetitions.Repeated {
			c.levels.repDef = def
			if i == 0 || i == len(nodes)-1 && n.Parent().LogicalType() == nil {
				names = append(names, n.Name())
			}
			break
		}
		names = append(names, n.Name())
	}
	c.col.Name = strings.Join(names, ".")
	c.describe(leaf)
	if leaf.MaxRepetitionLevel() > 1 || c.levels.list && c.col.Unsupported == "" && c.col.Type.Kind != schema.KindText {
		c.unsupported("list of " + leaf.PhysicalType().String())
	}
	if c.levels.list && c.col.Unsupported == "" {
		c.col.Type.Kind = schema.KindSet
	}
	return c
}

func (c *parquetColumn) unsupported(what string) {
	c.leaf, c.col.Type, c.col.Unsupported = -1, schema.Type{}, what
}

func (r *parquetReader) done() (rows, total int64) { return r.row, r.total }

func (r *parquetReader) fill(b *Batch) error {
	if len(b.Columns) == 0 {
		for _, c := range r.cols {
			b.addColumn(c.col)
		}
	}
	for !b.full() {
		if r.left == 0 {
			if err := r.nextGroup(); err != nil {
				return err
			}
			continue
		}
		if err := r.add(b); err != nil {
			return fmt.Errorf("row %d: %w", r.row, err)
		}
	}
	return nil
}

// add adds the next row. Every column moves on by a row, also where another has an error.
func (r *parquetReader) add(b *Batch) error {
	r.row++
	r.left--
	column, reason := "", ""
	for i := range r.cols {
		c, col := &r.cols[i], &b.Columns[i]
		if c.leaf < 0 {
			col.null(b.Rows)
			continue
		}
		why, err := c.values.next(col, b.Rows)
		if err != nil {
			return fmt.Errorf("column %s: %w", col.Name, err)
		}
		if why != "" {
			col.null(b.Rows)
			if reason == "" {
				column, reason = col.Name, "column "+col.Name+": "+why
			}
		}
	}
	if reason == "" {
		b.addRow(r.row)
		return nil
	}
	b.cut(len(b.Columns))
	b.addError(r.row, column, reason, []byte(reason))
	return nil
}

// nextGroup opens the next row group.
func (r *parquetReader) nextGroup() error {
	meta := r.file.MetaData()
	if r.group == len(meta.RowGroups) {
		return io.EOF
	}
	r.mem.Forget()
	rg := r.file.RowGroup(r.group)
	r.group++
	r.left = rg.NumRows()
	if r.left < 0 || rg.NumColumns() != meta.Schema.NumColumns() {
		return guard.ErrParquet
	}
	for i := range r.cols {
		c := &r.cols[i]
		if c.leaf < 0 {
			continue
		}
		if err := r.openChunk(rg, c); err != nil {
			return fmt.Errorf("row group %d, column %s: %w", r.group, c.col.Name, err)
		}
	}
	if len(r.cols) == 0 || !r.readable() && r.left > guard.MaxRows {
		return errors.New("the file has no column that can be read")
	}
	return nil
}

// readable says whether any column has values.
func (r *parquetReader) readable() bool {
	for _, c := range r.cols {
		if c.leaf >= 0 {
			return true
		}
	}
	return false
}

func (r *parquetReader) openChunk(rg *file.RowGroupReader, c *parquetColumn) error {
	meta, err := rg.MetaData().ColumnChunk(c.leaf)
	if err != nil {
		return err
	}
	start := meta.DataPageOffset()
	if meta.HasDictionaryPage() && meta.DictionaryPageOffset() > 0 && meta.DictionaryPageOffset() < start {
		start = meta.DictionaryPageOffset()
	}
	length := meta.TotalCompressedSize()
	if start < 0 || length < 0 || start > r.size || length > r.size-start {
		return errors.New("the column does not lie within the file")
	}
	if err := guard.CheckPages(r.in, start, length, r.limit); err != nil {
		return err
	}
	chunk, err := rg.Column(c.leaf)
	if err != nil {
		return err
	}
	c.values, err = c.open(chunk)
	return err
}
