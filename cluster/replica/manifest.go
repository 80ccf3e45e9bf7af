package replica

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A manifest is written after its state file is durable; an image exists if
// and only if its manifest does.
const (
	manifestMagic   = "MUSTMAN1"
	manifestVersion = 1
	manifestFixed   = 8 + 4 + 4 + 8*6 + 4 + 4 + 8 // up to the name
	maxNameLen      = 64
	maxConfigLen    = 64 << 10
	maxManifest     = manifestFixed + maxNameLen + maxConfigLen + 4
)

var (
	errManifest = errors.New("manifest is not readable")
	errVersion  = errors.New("format version is not known to this build; use the Muster that wrote it, or a newer one")
)

// manifest describes one image.
type manifest struct {
	group       string
	index       uint64 // raft's label: last log index the image covers
	term        uint64 // term of that entry
	fsmIndex    uint64 // last index the state machine had seen, ≤ index
	stamp       int64  // group clock at the image, ms
	configIndex uint64 // log index of config
	config      []byte // raft configuration, as raft encodes it
	totals
}

func (m *manifest) encode() []byte {
	le := binary.LittleEndian
	b := make([]byte, 0, manifestFixed+len(m.group)+len(m.config)+4)
	b = append(b, manifestMagic...)
	b = le.AppendUint32(b, manifestVersion)
	b = le.AppendUint32(b, uint32(len(m.group)))
	for _, v := range []uint64{m.index, m.term, m.fsmIndex, uint64(m.stamp), m.configIndex, m.bytes} {
		b = le.AppendUint64(b, v)
	}
	b = le.AppendUint32(b, m.frames)
	b = le.AppendUint32(b, uint32(len(m.config)))
	b = le.AppendUint64(b, m.root)
	b = append(b, m.group...)
	b = append(b, m.config...)
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeManifest(b []byte) (*manifest, error) {
	le := binary.LittleEndian
	if len(b) < manifestFixed+4 || len(b) > maxManifest {
		return nil, fmt.Errorf("%w: %d bytes", errManifest, len(b))
	}
	body, sum := b[:len(b)-4], le.Uint32(b[len(b)-4:])
	if got := crc32.Checksum(body, castagnoli); got != sum {
		return nil, fmt.Errorf("%w: checksum is %08x, stored %08x", errManifest, got, sum)
	}
	if string(body[:8]) != manifestMagic {
		return nil, fmt.Errorf("%w: it begins with %q", errManifest, body[:8])
	}
	if v := le.Uint32(body[8:]); v != manifestVersion {
		return nil, fmt.Errorf("manifest version %d, this build reads %d: %w", v, manifestVersion, errVersion)
	}
	nameLen, configLen := uint64(le.Uint32(body[12:])), uint64(le.Uint32(body[68:]))
	if nameLen > maxNameLen || manifestFixed+nameLen+configLen != uint64(len(body)) {
		return nil, fmt.Errorf("%w: lengths %d and %d do not fit %d bytes", errManifest, nameLen, configLen, len(body))
	}
	return &manifest{
		index: le.Uint64(body[16:]), term: le.Uint64(body[24:]), fsmIndex: le.Uint64(body[32:]),
		stamp: int64(le.Uint64(body[40:])), configIndex: le.Uint64(body[48:]),
		totals: totals{bytes: le.Uint64(body[56:]), frames: le.Uint32(body[64:]), root: le.Uint64(body[72:])},
		group:  string(body[manifestFixed : manifestFixed+nameLen]),
		config: append([]byte(nil), body[manifestFixed+nameLen:]...),
	}, nil
}
