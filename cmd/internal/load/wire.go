package load

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/musterdb/muster/cluster/client"
)

// copyCSV copies an answer in CSV and returns how many rows it has under its head.
func copyCSV(w io.Writer, answer *client.Answer) (int64, error) {
	var lines csvLines
	if err := pass(io.MultiWriter(w, &lines), answer.Body); err != nil {
		return 0, err
	}
	rows := lines.n - 1
	if said, ok := answer.Rows(); rows < 0 || ok && said != rows {
		return 0, cutOff(fmt.Errorf("%d rows came", rows))
	}
	return rows, nil
}

// pass copies a body. An error of reading it is told from one of writing.
func pass(w io.Writer, body io.Reader) error {
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cutOff(err)
		}
	}
}

// csvLines counts the records of CSV that is written to it.
type csvLines struct {
	n      int64
	quoted bool
}

// Write counts.
func (c *csvLines) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		i := bytes.IndexByte(rest, '"')
		part := rest
		if i >= 0 {
			part = rest[:i]
		}
		if !c.quoted {
			c.n += int64(bytes.Count(part, []byte{'\n'}))
		}
		if i < 0 {
			break
		}
		c.quoted = !c.quoted // a doubled quote opens and closes again
		rest = rest[i+1:]
	}
	return len(p), nil
}

// copyLines copies an answer in NDJSON but its last line, which says how it ended, and returns its rows.
func copyLines(w io.Writer, body io.Reader) (int64, error) {
	last := lastLine{w: w}
	if err := pass(&last, body); err != nil {
		return 0, err
	}
	var mark struct {
		End *struct {
			Rows int64 `json:"rows"`
		} `json:"@end"`
		Error *client.ServerError `json:"@error"`
	}
	if err := json.Unmarshal(last.held, &mark); err != nil || mark.End == nil && mark.Error == nil {
		return 0, cutOff(errors.New("it has no last line that says that it is whole"))
	}
	if mark.Error != nil {
		return 0, mark.Error
	}
	return mark.End.Rows, nil
}

// lastLine passes on all lines but the last.
type lastLine struct {
	w    io.Writer
	held []byte // the last line so far, with its break if it has one
}

// Write passes on what is known not to be the last line.
func (l *lastLine) Write(p []byte) (int, error) {
	end := len(p)
	if end > 0 && p[end-1] == '\n' {
		end--
	}
	at := bytes.LastIndexByte(p[:end], '\n') + 1 // where the last line of p begins
	whole := len(l.held) > 0 && l.held[len(l.held)-1] == '\n'
	if at == 0 && !whole { // still the same line
		l.held = append(l.held, p...)
		return len(p), nil
	}
	if _, err := l.w.Write(l.held); err != nil {
		return 0, err
	}
	if _, err := l.w.Write(p[:at]); err != nil {
		return 0, err
	}
	l.held = append(l.held[:0], p[at:]...)
	return len(p), nil
}
