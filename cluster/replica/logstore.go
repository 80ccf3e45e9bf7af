package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// rawLog is what raft-wal and raft's in-memory store have in common.
type rawLog interface {
	raft.LogStore
	raft.StableStore
}

// logStore wraps a raw log with what the raw one lacks: a checksum over every
// record, verified at every read (raft-wal verifies none); a latch, so that
// nothing is stored after a write failed; and a watchdog for writes that hang.
type logStore struct {
	raw   rawLog
	dir   string // directory of the segments, empty in memory
	files *segmentFiler
	fatal func(error)
	stall time.Duration

	stored atomic.Int64 // bytes stored since the start
	failed atomic.Pointer[error]
	mu     sync.Mutex // one StoreLogs or DeleteRange at a time
}

// openLog opens or creates the log of a group, after checking and repairing
// the tail, see repairTail.
func openLog(cfg Config, dir string, fatal func(error)) (_ *logStore, err error) {
	l := &logStore{dir: dir, fatal: fatal, stall: cfg.Limits.StallTimeout}
	if cfg.Dir == "" {
		l.raw = raft.NewInmemStore()
		return l, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	defer recoverDamage(cfg.Name, filepath.Join(dir, metadb.FileName), &err)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // bbolt maps its file
	meta := cfg.meta
	if meta == nil {
		meta = &metadb.BoltMetaDB{}
	}
	if err := repairTail(cfg, dir, meta); err != nil {
		return nil, errors.Join(err, meta.Close())
	}
	l.files = newSegmentFiler(segment.NewFiler(dir, cfg.vfs), uint32(cfg.Limits.SegmentSize))
	w, err := wal.Open(dir, wal.WithMetaStore(meta), wal.WithSegmentFiler(l.files),
		wal.WithSegmentSize(cfg.Limits.SegmentSize), wal.WithLogger(raftLogger(cfg.Logger)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("group %s: opening the log in %s: %w", cfg.Name, dir, err), meta.Close())
	}
	l.raw = w
	return l, nil
}

// recoverDamage turns a panic of a library on damaged bytes into an error.
func recoverDamage(group, file string, err *error) {
	if p := recover(); p != nil {
		*err = &DamageError{Group: group, File: file, Offset: -1, What: fmt.Sprint("reading it panicked: ", p), Remedy: remedyRestore}
	}
}

// IsMonotonic implements raft.MonotonicLogStore.
func (l *logStore) IsMonotonic() bool { return l.dir != "" }

// FirstIndex implements raft.LogStore.
func (l *logStore) FirstIndex() (uint64, error) { return l.raw.FirstIndex() }

// LastIndex implements raft.LogStore.
func (l *logStore) LastIndex() (uint64, error) { return l.raw.LastIndex() }

// GetLog implements raft.LogStore. A record that is not what was written is
// an error wrapping errRecord and leaves out undefined.
func (l *logStore) GetLog(index uint64, out *raft.Log) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errRecord, p)
		}
	}()
	if err := l.raw.GetLog(index, out); err != nil {
		if errors.Is(err, raft.ErrLogNotFound) {
			return err
		}
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	if out.Index != index {
		return fmt.Errorf("%w: record of index %d found in its place", errRecord, out.Index)
	}
	if len(out.Extensions) != recordSumSize {
		return fmt.Errorf("%w: no checksum", errRecord)
	}
	if got, want := recordSum(out), binary.LittleEndian.Uint32(out.Extensions); got != want {
		return fmt.Errorf("%w: checksum is %08x, stored %08x", errRecord, got, want)
	}
	out.Extensions = nil
	return nil
}

var errRecord = errors.New("log record is damaged")

const recordSumSize = 4

// recordSum covers index, term, type and data. It is stored in the record's
// Extensions, the field raft leaves to middleware.
func recordSum(r *raft.Log) uint32 {
	var head [17]byte
	binary.LittleEndian.PutUint64(head[0:], r.Index)
	binary.LittleEndian.PutUint64(head[8:], r.Term)
	head[16] = byte(r.Type)
	return crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, r.Data)
}

// StoreLog implements raft.LogStore.
func (l *logStore) StoreLog(log *raft.Log) error { return l.StoreLogs([]*raft.Log{log}) }

// StoreLogs implements raft.LogStore. The first error is the last call that
// reaches the disk.
func (l *logStore) StoreLogs(logs []*raft.Log) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.latched(); err != nil {
		return err
	}
	sealed, size := sealRecords(logs)
	watchdog := time.AfterFunc(l.stall, func() {
		_ = l.fail(fmt.Errorf("%w: a log write in %s takes longer than %s; the disk hangs", ErrFatal, l.dir, l.stall))
	})
	err := l.raw.StoreLogs(sealed)
	watchdog.Stop()
	if err != nil {
		return l.fail(fmt.Errorf("%w: storing entry %d in %s: %w", ErrFatal, logs[0].Index, l.dir, err))
	}
	l.stored.Add(size)
	return l.latched()
}

// sealRecords copies the records and adds their checksums.
func sealRecords(logs []*raft.Log) (sealed []*raft.Log, size int64) {
	copies := make([]raft.Log, len(logs))
	sealed = make([]*raft.Log, len(logs))
	for i, log := range logs {
		copies[i] = *log
		copies[i].Extensions = binary.LittleEndian.AppendUint32(nil, recordSum(log))
		sealed[i] = &copies[i]
		size += int64(len(log.Data)) + 64
	}
	return sealed, size
}

// DeleteRange implements raft.LogStore.
func (l *logStore) DeleteRange(lo, hi uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.latched(); err != nil {
		return err
	}
	if err := l.raw.DeleteRange(lo, hi); err != nil {
		return l.fail(fmt.Errorf("%w: cutting entries %d to %d in %s: %w", ErrFatal, lo, hi, l.dir, err))
	}
	return nil
}

// deleteBefore cuts all entries below index.
func (l *logStore) deleteBefore(index uint64) error {
	first, err := l.FirstIndex()
	if err != nil || first == 0 || first >= index {
		return err
	}
	return l.DeleteRange(first, index-1)
}

// Set implements raft.StableStore.
func (l *logStore) Set(key, val []byte) error { return l.raw.Set(key, val) }

// Get implements raft.StableStore.
func (l *logStore) Get(key []byte) ([]byte, error) { return l.raw.Get(key) }

// SetUint64 implements raft.StableStore.
func (l *logStore) SetUint64(key []byte, val uint64) error { return l.raw.SetUint64(key, val) }

// GetUint64 implements raft.StableStore. A missing key reads as 0.
func (l *logStore) GetUint64(key []byte) (uint64, error) {
	v, err := l.raw.GetUint64(key)
	if err != nil && err.Error() == "not found" {
		return 0, nil
	}
	return v, err
}

// fail latches the store and reports the first failure.
func (l *logStore) fail(err error) error {
	if l.failed.CompareAndSwap(nil, &err) {
		go l.fatal(err)
	}
	return err
}

func (l *logStore) latched() error {
	if p := l.failed.Load(); p != nil {
		return *p
	}
	return nil
}

// Close releases the files.
func (l *logStore) Close() error {
	if w, ok := l.raw.(*wal.WAL); ok {
		return w.Close()
	}
	return nil
}

// rotateNext makes the next append the last one of its segment.
func (l *logStore) rotateNext() {
	if l.files != nil {
		l.files.seal.Store(true)
	}
}

// rotated returns the last index of the segment rotateNext ended.
func (l *logStore) rotated() uint64 {
	if l.files == nil {
		return 0
	}
	return l.files.sealed.Load()
}

// diskBytes returns the size of all segment files.
func (l *logStore) diskBytes() int64 {
	var n int64
	for _, f := range l.segments() {
		if st, err := os.Stat(f.path); err == nil {
			n += st.Size()
		}
	}
	return n
}

// segmentFile is one log segment on disk.
type segmentFile struct {
	path string
	base uint64 // index of its first entry
	id   uint64 // never used twice in a log
}

// segments lists the segment files in log order.
func (l *logStore) segments() []segmentFile { return listSegments(l.dir) }

func listSegments(dir string) []segmentFile {
	if dir == "" {
		return nil
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*.wal")) // sorted; only a malformed pattern fails
	var files []segmentFile
	for _, name := range names {
		var base, id uint64
		if n, _ := fmt.Sscanf(filepath.Base(name), "%020d-%016x.wal", &base, &id); n == 2 {
			files = append(files, segmentFile{name, base, id})
		}
	}
	return files
}

// segmentOf names the file an entry lies in.
func (l *logStore) segmentOf(index uint64) string {
	path := l.dir
	for _, f := range l.segments() {
		if f.base <= index {
			path = f.path
		}
	}
	return path
}

// segmentFiler chooses the size of new segments at run time and can end a
// segment early; raft-wal fixes one size at Open and knows no early end.
type segmentFiler struct {
	types.SegmentFiler
	size   atomic.Uint32
	seal   atomic.Bool
	sealed atomic.Uint64 // last index of the segment ended early most recently
}

func newSegmentFiler(f types.SegmentFiler, size uint32) *segmentFiler {
	s := &segmentFiler{SegmentFiler: f}
	s.size.Store(size)
	return s
}

// Create implements types.SegmentFiler.
func (s *segmentFiler) Create(info types.SegmentInfo) (types.SegmentWriter, error) {
	info.SizeLimit = s.size.Load()
	w, err := s.SegmentFiler.Create(info)
	if err != nil {
		return nil, err
	}
	return &sealingWriter{w, s}, nil
}

// RecoverTail implements types.SegmentFiler.
func (s *segmentFiler) RecoverTail(info types.SegmentInfo) (types.SegmentWriter, error) {
	w, err := s.SegmentFiler.RecoverTail(info)
	if err != nil {
		return nil, err
	}
	return &sealingWriter{w, s}, nil
}

// sealingWriter seals its segment after an append when asked to. raft-wal asks
// Sealed after each append and then rotates.
type sealingWriter struct {
	types.SegmentWriter
	filer *segmentFiler
}

// Append implements types.SegmentWriter.
func (w *sealingWriter) Append(entries []types.LogEntry) error {
	if err := w.SegmentWriter.Append(entries); err != nil {
		return err
	}
	if !w.filer.seal.CompareAndSwap(true, false) {
		return nil
	}
	w.filer.sealed.Store(w.LastIndex())
	_, err := w.ForceSeal()
	return err
}

var (
	_ raft.MonotonicLogStore = (*logStore)(nil)
	_ raft.LogStore          = (*logStore)(nil)
	_ raft.StableStore       = (*logStore)(nil)
)
