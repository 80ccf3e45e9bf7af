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
	mu     sync.RWMutex    // guards the map; shards have latches of their own
	shards map[schema.BaseID]*engine.Shard
}

func newMachine(alloc *slab.Allocator) *machine {
	return &machine{alloc: alloc, shards: map[schema.BaseID]*engine.Shard{}}
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
	res, err := m.ensure(base).Apply(ch, cmd.Stamp)
	if err != nil {
		return err
	}
	return res
}

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
	m.mu.Unlock()
	if s != nil {
		s.Close()
	}
}

func (m *machine) ensure(base schema.BaseID) *engine.Shard {
	if s := m.shard(base); s != nil {
		return s
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	s := engine.NewShard(m.alloc)
	m.shards[base] = s
	return s
}

// The image of a group: the magic, the number of shards (u32), then for each shard, in order of their
// bases, its base (u32) and its image in pieces, each preceded by its length (u32), ended by length 0.
const (
	imageMagic    = "MUSTGRP1"
	maxPiece      = 1 << 20
	maxImageBases = 1 << 20
)

// groupImage is the pinned state of a group.
type groupImage struct {
	bases []schema.BaseID
	pins  []*engine.Pin
}

// Snapshot pins every shard.
func (m *machine) Snapshot() (replica.Image, error) {
	img := &groupImage{}
	for _, base := range m.bases() {
		img.bases = append(img.bases, base)
		img.pins = append(img.pins, m.shard(base).Pin())
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
	head := binary.LittleEndian.AppendUint32([]byte(imageMagic), uint32(len(img.bases)))
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
	shards, err := readGroup(m.alloc, r)
	if err != nil {
		closeAll(shards)
		return fmt.Errorf("read the image of a group: %w", err)
	}
	m.mu.Lock()
	old := m.shards
	m.shards = shards
	m.mu.Unlock()
	closeAll(old)
	return nil
}

func closeAll(shards map[schema.BaseID]*engine.Shard) {
	for _, s := range shards {
		s.Close()
	}
}

func readGroup(alloc *slab.Allocator, r io.Reader) (map[schema.BaseID]*engine.Shard, error) {
	shards := map[schema.BaseID]*engine.Shard{}
	magic := make([]byte, len(imageMagic))
	if _, err := io.ReadFull(r, magic); err != nil {
		return shards, noEOF(err)
	}
	if string(magic) != imageMagic {
		return shards, fmt.Errorf("it begins with %q, not with %q", magic, imageMagic)
	}
	n, err := readU32(r)
	if err != nil {
		return shards, err
	}
	if n > maxImageBases {
		return shards, fmt.Errorf("it claims %d bases, more than the %d allowed", n, maxImageBases)
	}
	for range n {
		if err := readShard(alloc, r, shards); err != nil {
			return shards, err
		}
	}
	_, err = io.Copy(io.Discard, r)
	return shards, err
}

func readShard(alloc *slab.Allocator, r io.Reader, into map[schema.BaseID]*engine.Shard) error {
	base, err := readU32(r)
	if err != nil {
		return err
	}
	pieces := &pieceReader{r: r}
	s, err := engine.ReadShard(alloc, bufio.NewReaderSize(pieces, 1<<16))
	if err != nil {
		return fmt.Errorf("base %d: %w", base, err)
	}
	into[schema.BaseID(base)] = s
	_, err = io.Copy(io.Discard, pieces)
	return err
}
