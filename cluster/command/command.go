package command

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Version is the format version this build writes and the only one it reads.
const Version = 1

// MaxPayload is the largest payload of one command, in bytes. It bounds the
// memory of a proposal, the time of one Apply and one log write.
const MaxPayload = 1 << 20

// MaxEncoded is the size of the largest encoded command, in bytes.
const MaxEncoded = headerSize + producerSize + MaxPayload + sumSize

// Sizes of the parts of an encoded command, and the offsets in its header.
const (
	headerSize   = 32
	producerSize = 28
	sumSize      = 4

	offVersion = 0
	offKind    = 1
	offFlags   = 2
	offZero    = 3
	offLength  = 4
	offStamp   = 8
	offCommit  = 16
	offSchema  = 24

	flagProducer = 1 << 0
	knownFlags   = flagProducer
)

// KindMark is the kind of commands a group writes for itself: they carry no
// payload, advance the group's clock and index, and never reach the state
// machine. All other kinds belong to the state machine.
const KindMark = 0

// Errors of Decode. They are wrapped with the detail; test with errors.Is.
var (
	// ErrChecksum means that the bytes are not what was written.
	ErrChecksum = errors.New("command: checksum mismatch")
	// ErrMalformed means that the bytes are not a command, although the
	// checksum (if it was reached) holds.
	ErrMalformed = errors.New("command: malformed")
	// ErrVersion means that the command was written by a newer Muster.
	ErrVersion = errors.New("command: unknown format version")
	// ErrTooLarge means that a payload is over MaxPayload; returned by Append.
	ErrTooLarge = errors.New("command: payload too large")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ProducerID names a producer session: a random 128-bit number.
type ProducerID [16]byte

// Producer identifies one batch of a producer session, so that a batch sent
// again after an unknown outcome takes effect once. The zero value means that
// the command has no producer; a real one never has the zero ID.
type Producer struct {
	ID    ProducerID
	Epoch uint32 // raised by a session that takes over; older epochs are fenced
	Seq   uint64 // number of the batch inside (ID, Epoch)
}

// IsZero reports whether p names no producer.
func (p Producer) IsZero() bool { return p.ID == ProducerID{} }

// Command is one decoded log command.
type Command struct {
	Kind          uint8
	Stamp         int64  // milliseconds since 1970 UTC by the leader's clock, never falling within a group
	CommitIndex   uint64 // highest log index the leader knew to be committed when it proposed
	SchemaVersion uint64 // schema the payload was bound against; the state machine judges it
	Producer      Producer
	Payload       []byte
}

// Size returns the number of bytes Append adds for c.
func (c *Command) Size() int {
	n := headerSize + len(c.Payload) + sumSize
	if !c.Producer.IsZero() {
		n += producerSize
	}
	return n
}

// Append appends the encoding of c to dst. A payload over MaxPayload is
// refused with ErrTooLarge and dst is returned unchanged.
func (c *Command) Append(dst []byte) ([]byte, error) {
	if len(c.Payload) > MaxPayload {
		return dst, fmt.Errorf("%w: %d bytes, the limit is %d (1 MiB) per log entry; split the batch", ErrTooLarge, len(c.Payload), MaxPayload)
	}
	start := len(dst)
	dst = c.appendHeader(dst)
	dst = c.appendProducer(dst)
	dst = append(dst, c.Payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli)), nil
}

func (c *Command) appendHeader(dst []byte) []byte {
	var flags byte
	if !c.Producer.IsZero() {
		flags |= flagProducer
	}
	dst = append(dst, Version, c.Kind, flags, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(c.Payload)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(c.Stamp))
	dst = binary.LittleEndian.AppendUint64(dst, c.CommitIndex)
	return binary.LittleEndian.AppendUint64(dst, c.SchemaVersion)
}

func (c *Command) appendProducer(dst []byte) []byte {
	if c.Producer.IsZero() {
		return dst
	}
	dst = append(dst, c.Producer.ID[:]...)
	dst = binary.LittleEndian.AppendUint32(dst, c.Producer.Epoch)
	return binary.LittleEndian.AppendUint64(dst, c.Producer.Seq)
}

// Decode reads one command that fills b exactly. The payload aliases b.
// The checksum is verified before any other field is believed, so an error
// other than ErrChecksum or a too short input speaks about the writer and not
// about the disk. Nothing is allocated in proportion to a declared length.
func Decode(b []byte) (*Command, error) {
	c := new(Command)
	if err := c.decode(b); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Command) decode(b []byte) error {
	if len(b) < headerSize+sumSize {
		return fmt.Errorf("%w: %d bytes, a command has at least %d", ErrMalformed, len(b), headerSize+sumSize)
	}
	body, tail := b[:len(b)-sumSize], b[len(b)-sumSize:]
	if got, want := crc32.Checksum(body, castagnoli), binary.LittleEndian.Uint32(tail); got != want {
		return fmt.Errorf("%w: computed %08x, stored %08x", ErrChecksum, got, want)
	}
	if body[offVersion] != Version {
		return fmt.Errorf("%w: %d, this build reads %d; use the Muster that wrote it, or a newer one", ErrVersion, body[offVersion], Version)
	}
	if body[offFlags]&^knownFlags != 0 || body[offZero] != 0 {
		return fmt.Errorf("%w: unknown flags %02x %02x", ErrMalformed, body[offFlags], body[offZero])
	}
	return c.decodeFields(body)
}

func (c *Command) decodeFields(body []byte) error {
	c.Kind = body[offKind]
	c.Stamp = int64(binary.LittleEndian.Uint64(body[offStamp:]))
	c.CommitIndex = binary.LittleEndian.Uint64(body[offCommit:])
	c.SchemaVersion = binary.LittleEndian.Uint64(body[offSchema:])
	rest := body[headerSize:]
	if body[offFlags]&flagProducer != 0 {
		var err error
		if rest, err = c.decodeProducer(rest); err != nil {
			return err
		}
	}
	n := binary.LittleEndian.Uint32(body[offLength:])
	if n > MaxPayload || uint64(n) != uint64(len(rest)) {
		return fmt.Errorf("%w: payload of %d bytes declared, %d present, limit %d", ErrMalformed, n, len(rest), MaxPayload)
	}
	c.Payload = rest
	return nil
}

func (c *Command) decodeProducer(b []byte) ([]byte, error) {
	if len(b) < producerSize {
		return nil, fmt.Errorf("%w: producer cut off", ErrMalformed)
	}
	copy(c.Producer.ID[:], b)
	c.Producer.Epoch = binary.LittleEndian.Uint32(b[16:])
	c.Producer.Seq = binary.LittleEndian.Uint64(b[20:])
	if c.Producer.IsZero() {
		return nil, fmt.Errorf("%w: producer flag with the zero id", ErrMalformed)
	}
	return b[producerSize:], nil
}
