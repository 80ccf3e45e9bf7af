package tabular

import (
	"bytes"
	"errors"
	"io"
)

// lineBuffer holds the part of a text stream that is being parsed. It grows up to MaxLineBytes, so that one
// record is always in one piece.
type lineBuffer struct {
	r    io.Reader
	buf  []byte
	pos  int   // beginning of the current record
	line int64 // number of the line at pos
	eof  bool
}

// data returns what has been read from the beginning of the current record on.
func (l *lineBuffer) data() []byte { return l.buf[l.pos:] }

// take ends the current record of n bytes and returns it; it is valid until the next call of more.
func (l *lineBuffer) take(n int) []byte {
	raw := l.buf[l.pos : l.pos+n]
	l.pos += n
	l.line += int64(bytes.Count(raw, []byte{'\n'}))
	return raw
}

// more reads on. long says that the record is longer than MaxLineBytes.
func (l *lineBuffer) more() (long bool, err error) {
	if l.eof {
		return false, io.ErrUnexpectedEOF
	}
	if l.pos > 0 {
		l.buf = l.buf[:copy(l.buf, l.buf[l.pos:])]
		l.pos = 0
	}
	if len(l.buf) > MaxLineBytes {
		return true, nil
	}
	if have, size := len(l.buf), cap(l.buf); have == size {
		grown := make([]byte, have, max(256<<10, 2*size))
		copy(grown, l.buf)
		l.buf = grown
	}
	n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
	l.buf = l.buf[:len(l.buf)+n]
	if err == io.EOF {
		l.eof, err = true, nil
	}
	return false, err
}

// skipLine drops everything up to and with the next line break and returns how many bytes that was.
func (l *lineBuffer) skipLine() (n int64, err error) {
	for {
		if i := bytes.IndexByte(l.data(), '\n'); i >= 0 {
			l.take(i + 1)
			return n + int64(i) + 1, nil
		}
		n += int64(len(l.data()))
		l.buf, l.pos = l.buf[:0], 0
		if l.eof {
			return n, io.EOF
		}
		if _, err := l.more(); err != nil {
			return n, err
		}
	}
}

// next returns the next line without its line break. long says that it is longer than MaxLineBytes and was
// skipped; size is then its length.
func (l *lineBuffer) next() (text []byte, line int64, long int64, err error) {
	from := 0
	for {
		if i := bytes.IndexByte(l.data()[from:], '\n'); i >= 0 {
			line = l.line
			return cutReturn(l.take(from + i + 1)[:from+i]), line, 0, nil
		}
		if l.eof {
			if len(l.data()) == 0 {
				return nil, 0, 0, io.EOF
			}
			line = l.line
			return cutReturn(l.take(len(l.data()))), line, 0, nil
		}
		from = len(l.data())
		tooLong, err := l.more()
		if err != nil {
			return nil, 0, 0, err
		}
		if tooLong {
			line = l.line
			n, err := l.skipLine()
			if err != nil && !errors.Is(err, io.EOF) {
				return nil, 0, 0, err
			}
			return nil, line, n, nil
		}
	}
}
