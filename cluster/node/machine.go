package node

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/cluster/replica"
	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/change"
	"github.com/musterdb/muster/storage/schema"
	"github.com/musterdb/muster/storage/slab"
)

// KindData is the command kind of the data groups. Its payload is the base's id (u32, little endian)
// and an encoded change.
const KindData = 2

// encodeData returns the payload of a data command.
func encodeData(base schema.BaseID, ch *change.Change) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(base))
	return change.Encode(b, ch)
}

// decodeData reads the payload of a data command; the change aliases it.
func decodeData(payload []byte) (schema.BaseID, *change.Change, error) {
	if len(payload) < 4 {
		return 0, nil, errors.New("the data command is shorter than its base id")
	}
	ch, err := change.Decode(payload[4:])
	return schema.BaseID(binary.LittleEndian.Uint32(payload)), ch, err
}

// machine is the state machine of one data group: the shards of all bases that the group holds.
type machine struct {
	alloc  *slab.Allocator // of all shards of the node
	mu     sync.RWMutex    // guards the maps; shards have latches of their own
	shards map[schema.BaseID]*engine.Shard
	// dropped are the bases that were dropped here, whose ids are never used again: a write that was under
	// way when its base was dropped must not make a new shard.
	dropped map[schema.BaseID]bool
}

func newMachine(alloc *slab.Allocator) *machine {
	return &machine{alloc: alloc, shards: map[schema.BaseID]*engine.Shard{}, dropped: map[schema.BaseID]bool{}}
}

// shard returns the group's shard of a base, nil if nothing was written to it yet.
func (m *machine) shard(base schema.BaseID) *engine.Shard {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.shards[base]
}

// bases returns the bases of which the group holds a shard, in order of their ids.
func (m *machine) bases() []schema.BaseID {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.shards))
}

// Apply applies one change to the shard of its base. It answers a change.Result, or an error if the
// change was refused and nothing was changed.
func (m *machine) Apply(_ uint64, cmd *command.Command) any {
	base, ch, err := decodeData(cmd.Payload)
	if err != nil {
		return fmt.Errorf("decode a change: %w", err)
	}
	if isDrop(ch) {
		m.drop(base)
		return change.Result{}
	}
	s := m.ensure(base)
	if s == nil {
		return errBaseDropped
	}
	res, err := s.Apply(ch, cmd.Stamp)
	if err != nil {
		return err
	}
	return res
}

// errBaseDropped is what a command over a base that was dropped is refused with.
var errBaseDropped = diag.New(diag.Name, diag.Span{}, "the base was dropped while the statement ran").WithHint("nothing was changed")

// isDrop says whether the change removes the whole shard.
func isDrop(ch *change.Change) bool {
	return slices.ContainsFunc(ch.Parts, func(p change.Part) bool {
		_, ok := p.(*change.DropBase)
		return ok
	})
}

func (m *machine) drop(base schema.BaseID) {
	m.mu.Lock()
	s := m.shards[base]
	delete(m.shards, base)
	m.dropped[base] = true
	m.mu.Unlock()
	if s != nil {
		s.Close()
	}
}

// ensure returns the shard of a base, made if there is none, or nil if the base was dropped.
func (m *machine) ensure(base schema.BaseID) *engine.Shard {
	if s := m.shard(base); s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dropped[base] {
		return nil
	}
	s := engine.NewShard(m.alloc)
	m.shards[base] = s
	return s
}

// The image of a group: the magic, the number of dropped bases (u32) and their ids (u32 each) ascending, the
// number of shards (u32), then for each shard, in order of their bases, its base (u32) and its image in
// pieces, each preceded by its length (u32), ended by length 0.
const (
	imageMagic    = "MUSTGRP1"
	maxPiece      = 1 << 20
	maxImageBases = 1 << 24
)

// groupImage is the pinned state of a group.
type groupImage struct {
	dropped []schema.BaseID
	bases   []schema.BaseID
	pins    []*engine.Pin
}

// Snapshot pins every shard.
func (m *machine) Snapshot() (replica.Image, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	img := &groupImage{dropped: slices.Sorted(maps.Keys(m.dropped))}
	for _, base := range slices.Sorted(maps.Keys(m.shards)) {
		pin, err := m.shards[base].Pin()
		if err != nil {
			img.Release()
			return nil, fmt.Errorf("pin base %d: %w", base, err)
		}
		img.bases = append(img.bases, base)
		img.pins = append(img.pins, pin)
	}
	return img, nil
}

// Release unpins the shards.
func (img *groupImage) Release() {
	for _, p := range img.pins {
		p.Release()
	}
}

// WriteTo writes the image.
func (img *groupImage) WriteTo(w io.Writer) (int64, error) {
	out := &countingWriter{w: w}
	head := binary.LittleEndian.AppendUint32([]byte(imageMagic), uint32(len(img.dropped)))
	for _, base := range img.dropped {
		head = binary.LittleEndian.AppendUint32(head, uint32(base))
	}
	head = binary.LittleEndian.AppendUint32(head, uint32(len(img.bases)))
	if _, err := out.Write(head); err != nil {
		return out.n, err
	}
	for i, base := range img.bases {
		if err := writeShard(out, base, img.pins[i]); err != nil {
			return out.n, err
		}
	}
	return out.n, nil
}

func writeShard(w io.Writer, base schema.BaseID, pin *engine.Pin) error {
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, uint32(base))); err != nil {
		return err
	}
	pieces := bufio.NewWriterSize(pieceWriter{w}, maxPiece)
	if err := pin.WriteImage(pieces); err != nil {
		return fmt.Errorf("write the image of base %d: %w", base, err)
	}
	if err := pieces.Flush(); err != nil {
		return err
	}
	_, err := w.Write(make([]byte, 4))
	return err
}

// countingWriter counts what it passes on.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// pieceWriter writes each call as pieces of at most maxPiece bytes, with their lengths.
type pieceWriter struct{ w io.Writer }

func (p pieceWriter) Write(b []byte) (int, error) {
	total := len(b)
	for len(b) > 0 {
		piece := b[:min(len(b), maxPiece)]
		if _, err := p.w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(piece)))); err != nil {
			return total - len(b), err
		}
		if _, err := p.w.Write(piece); err != nil {
			return total - len(b), err
		}
		b = b[len(piece):]
	}
	return total, nil
}

// pieceReader reads what pieceWriter wrote, up to the piece of length 0.
type pieceReader struct {
	r    io.Reader
	left int
	end  bool
}

func (p *pieceReader) Read(b []byte) (int, error) {
	for p.left == 0 {
		if p.end {
			return 0, io.EOF
		}
		n, err := readU32(p.r)
		if err != nil {
			return 0, err
		}
		if n > maxPiece {
			return 0, fmt.Errorf("a piece of %d bytes is longer than the %d allowed", n, maxPiece)
		}
		p.left, p.end = int(n), n == 0
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func readU32(r io.Reader) (uint32, error) {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, noEOF(err)
	}
	return binary.LittleEndian.Uint32(b[:]), nil
}

// noEOF makes an end inside a structure an error.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Restore replaces the group's shards by an image's, built aside.
func (m *machine) Restore(r io.Reader) error {
	fresh := newMachine(m.alloc)
	if err := fresh.read(r); err != nil {
		closeAll(fresh.shards)
		return fmt.Errorf("read the image of a group: %w", err)
	}
	m.mu.Lock()
	old := m.shards
	m.shards, m.dropped = fresh.shards, fresh.dropped
	m.mu.Unlock()
	closeAll(old)
	return nil
}

// close gives the shards' memory back; whoever still asks one gets an error.
func (m *machine) close() {
	m.mu.RLock()
	defer m.mu.RUnlock()
	closeAll(m.shards)
}

func closeAll(shards map[schema.BaseID]*engine.Shard) {
	for _, s := range shards {
		s.Close()
	}
}

// read fills a new machine from an image.
func (m *machine) read(r io.Reader) error {
	magic := make([]byte, len(imageMagic))
	if _, err := io.ReadFull(r, magic); err != nil {
		return noEOF(err)
	}
	if string(magic) != imageMagic {
		return fmt.Errorf("it begins with %q, not with %q", magic, imageMagic)
	}
	err := readBases(r, "dropped bases", func(base schema.BaseID) error {
		m.dropped[base] = true
		return nil
	})
	if err != nil {
		return err
	}
	err = readBases(r, "bases", func(base schema.BaseID) error { return m.readShard(r, base) })
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// readBases reads a number and calls f with as many bases, each read before.
func readBases(r io.Reader, what string, f func(schema.BaseID) error) error {
	n, err := readU32(r)
	if err != nil {
		return err
	}
	if n > maxImageBases {
		return fmt.Errorf("it claims %d %s, more than the %d allowed", n, what, maxImageBases)
	}
	for range n {
		base, err := readU32(r)
		if err == nil {
			err = f(schema.BaseID(base))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *machine) readShard(r io.Reader, base schema.BaseID) error {
	pieces := &pieceReader{r: r}
	s, err := engine.ReadShard(m.alloc, bufio.NewReaderSize(pieces, 1<<16))
	if err != nil {
		return fmt.Errorf("base %d: %w", base, err)
	}
	if old := m.shards[base]; old != nil {
		old.Close()
	}
	m.shards[base] = s
	_, err = io.Copy(io.Discard, pieces)
	return err
}
