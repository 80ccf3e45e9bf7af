package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/segment"
	"github.com/hashicorp/raft-wal/types"
)

// raft-wal recovers its last segment by walking frames until one does not
// parse, and takes whatever stands there for a torn write. Three things go
// wrong with that, and repairTail settles them before raft-wal looks:
//
//   - A damaged frame in the middle would silently drop every acknowledged
//     entry behind it. A torn write can only be the last batch, so if a whole
//     batch stands behind the bad place, it is damage and an error.
//   - What a torn write left behind stays in the file and may later be taken
//     for frames. It is overwritten with zeros.
//   - A crash between writing a segment's index and recording that it is
//     sealed leaves a log that refuses every append (ErrSealed). The record is
//     completed.
//
// The list of segments is checked against the files too, see checkSegments.

// Frames of a raft-wal segment, see its segment/format.go.
const (
	walHeader      = 32
	walFrameHeader = 8
	walEntry       = 1
	walIndex       = 2
	walCommit      = 3
)

// repairTail checks the last segment of the log in dir and repairs what a
// crash may leave.
func repairTail(cfg Config, dir string, meta types.MetaStore) error {
	state, err := meta.Load(dir)
	if err != nil {
		return fmt.Errorf("group %s: reading the list of log segments in %s: %w", cfg.Name, dir, err)
	}
	if len(state.Segments) == 0 {
		return nil
	}
	if err := checkSegments(cfg, dir, state.Segments); err != nil {
		return err
	}
	last := state.Segments[len(state.Segments)-1]
	path := filepath.Join(dir, segment.FileName(last))
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // recorded but not yet created; raft-wal creates it
	}
	if err != nil {
		return err
	}
	tail := scanSegment(data, last.BaseIndex)
	if tail.damagedAt >= 0 {
		return &DamageError{Group: cfg.Name, File: path, Offset: tail.damagedAt, Index: last.BaseIndex + tail.entries,
			What: "log entries are unreadable while later ones are whole", Remedy: remedyRestore}
	}
	if err := clearFrom(path, data, tail.end); err != nil {
		return fmt.Errorf("group %s: clearing a torn write in %s: %w", cfg.Name, path, err)
	}
	if tail.indexStart > 0 {
		return completeSeal(meta, state, tail)
	}
	return nil
}

// checkSegments compares the list of segments with the files. raft-wal deletes
// files that are not on its list and creates a last segment that is missing;
// both are right after a crash and fatal after damage to the list.
func checkSegments(cfg Config, dir string, list []types.SegmentInfo) error {
	damage := func(what string, args ...any) error {
		return &DamageError{Group: cfg.Name, File: filepath.Join(dir, metadb.FileName), Offset: -1,
			What: "the list of log segments is wrong: " + fmt.Sprintf(what, args...), Remedy: remedyRestore}
	}
	bases := make(map[uint64]uint64, len(list)) // by id
	for i, s := range list {
		isLast := i == len(list)-1
		if isLast != s.SealTime.IsZero() {
			return damage("segment %d of %d, sealed: %t", i+1, len(list), !isLast)
		}
		if !isLast && s.MaxIndex+1 != list[i+1].BaseIndex {
			return damage("segment %d ends at entry %d, the next begins at %d", s.ID, s.MaxIndex, list[i+1].BaseIndex)
		}
		bases[s.ID] = s.BaseIndex
	}
	tail := list[len(list)-1].BaseIndex
	for _, f := range listSegments(dir) {
		base, listed := bases[f.id]
		if listed && base != f.base || !listed && f.base >= tail {
			return damage("file %s is not on it", filepath.Base(f.path))
		}
	}
	return nil
}

// completeSeal records what the segment file already says.
func completeSeal(meta types.MetaStore, state types.PersistentState, tail tailScan) error {
	last := &state.Segments[len(state.Segments)-1]
	last.SealTime = time.Now()
	last.MaxIndex = last.BaseIndex + tail.entries - 1
	last.IndexStart = tail.indexStart
	next := last.MaxIndex + 1
	state.Segments = append(state.Segments, types.SegmentInfo{
		ID: state.NextSegmentID, BaseIndex: next, MinIndex: next,
		Codec: last.Codec, CreateTime: last.SealTime, SizeLimit: last.SizeLimit,
	})
	state.NextSegmentID++
	return meta.CommitState(state)
}

// clearFrom zeroes a file from end on, if anything stands there.
func clearFrom(path string, data []byte, end int64) error {
	rest := data[min(end, int64(len(data))):]
	if allZero(rest) {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, len(rest)), end)
	return errors.Join(err, syncAndClose(f))
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// tailScan is what a walk over an unsealed segment found.
type tailScan struct {
	end        int64  // behind the last whole batch
	entries    uint64 // in whole batches
	indexStart uint64 // offset of the index's payload if the segment ends with one, else 0
	damagedAt  int64  // offset of damage before a whole batch, else −1
}

// scanSegment walks the batches of a segment file. A batch is frames and a
// commit frame with the CRC32C of everything since the commit before; the
// first one includes the file header. base is the index of the first entry.
func scanSegment(data []byte, base uint64) tailScan {
	s := tailScan{damagedAt: -1}
	from, at := int64(0), int64(walHeader)
	for {
		b, ok := readBatch(data, from, at)
		if !ok {
			break
		}
		s.end, s.entries, s.indexStart = b.end, s.entries+b.entries, b.indexStart
		from, at = b.end, b.end
	}
	if s.end < int64(len(data)) && batchBehind(data, s.end, base+s.entries) {
		s.damagedAt = s.end
	}
	return s
}

// batch is one whole batch.
type batch struct {
	end        int64
	entries    uint64
	indexStart uint64
}

// readBatch reads the batch whose checksum begins at from and whose first
// frame stands at offset at.
func readBatch(data []byte, from, at int64) (b batch, ok bool) {
	size := int64(len(data))
	for at+walFrameHeader <= size {
		head := data[at : at+walFrameHeader]
		value := binary.LittleEndian.Uint32(head[4:])
		if head[1]|head[2]|head[3] != 0 {
			return b, false
		}
		switch head[0] {
		case walCommit:
			b.end = at + walFrameHeader
			return b, crc32.Checksum(data[from:at], castagnoli) == value
		case walEntry:
			b.entries++
		case walIndex:
			b.indexStart = uint64(at) + walFrameHeader
		default:
			return b, false
		}
		at += walFrameHeader + (int64(value)+7)&^7
	}
	return b, false
}

// batchBehind reports whether a whole batch stands somewhere behind a bad
// place. Frames are aligned to 8 bytes, and a batch begins with an entry, whose
// record begins with its index; next is the index the bad place should have
// held. Looking at indexes keeps payloads that resemble frames from being
// walked.
func batchBehind(data []byte, bad int64, next uint64) bool {
	for at := max(bad, walHeader) &^ 7; at+2*walFrameHeader <= int64(len(data)); at += walFrameHeader {
		if data[at] != walEntry || data[at+1]|data[at+2]|data[at+3] != 0 {
			continue
		}
		index, _ := binary.Uvarint(data[at+walFrameHeader:])
		if index <= next || index > next+uint64(len(data)) {
			continue
		}
		if _, ok := readBatch(data, at, at); ok {
			return true
		}
	}
	return false
}
