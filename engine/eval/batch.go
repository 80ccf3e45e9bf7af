package eval

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The largest record that leaves the engine. Only a row that is larger by itself makes a larger one.
const (
	MaxBatchRows  = 64 << 10
	MaxBatchBytes = 2 << 20
)

// batcher cuts rows into records. Whoever adds a row announces its size first.
type batcher struct {
	schema *arrow.Schema
	build  *array.RecordBuilder
	emit   func(arrow.Record) error
	rows   int
	bytes  int
}

func newBatcher(s *arrow.Schema, emit func(arrow.Record) error) *batcher {
	return &batcher{schema: s, build: array.NewRecordBuilder(memory.DefaultAllocator, s), emit: emit}
}

// room makes place for rows of so many bytes together, by sending off what is there if need be.
func (b *batcher) room(rows, bytes int) error {
	if b.rows > 0 && (b.rows+rows > MaxBatchRows || b.bytes+bytes > MaxBatchBytes) {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.rows += rows
	b.bytes += bytes
	return nil
}

// flush sends off the rows that are there.
func (b *batcher) flush() error {
	if b.rows == 0 {
		return nil
	}
	b.rows, b.bytes = 0, 0
	rec := b.build.NewRecord()
	defer rec.Release()
	return b.emit(rec)
}

func (b *batcher) release() { b.build.Release() }
