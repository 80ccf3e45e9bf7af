package rowtext

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// Form is a way to write rows as text.
type Form uint8

// The forms.
const (
	CSV    Form = iota // RFC 4180 with \n: null is empty, the empty text is ""
	Lines              // a JSON object a row, each with \n
	Arrays             // a JSON array a row, each after a comma: the first comma is to be left out
)

// Encoder writes rows of one schema in one form. It has no state: any number of goroutines may use it at
// once, and encoding the records of an answer one by one gives the answer's text in pieces.
type Encoder struct {
	form   Form
	schema *arrow.Schema
	keys   [][]byte // Lines: what stands before each value
}

// New returns an encoder. A type that cannot be written is an error.
func New(f Form, s *arrow.Schema) (*Encoder, error) {
	e := &Encoder{form: f, schema: s}
	for i, field := range s.Fields() {
		if _, err := TypeOf(field.Type); err != nil {
			return nil, fmt.Errorf("column %s: %w", field.Name, err)
		}
		key := []byte{','}
		if i == 0 {
			key[0] = '{'
		}
		e.keys = append(e.keys, append(appendJSONText(key, []byte(field.Name)), ':'))
	}
	if f > Arrays {
		return nil, errors.New("there is no such form")
	}
	return e, nil
}

// Head returns what stands before the first row: the line of names in CSV, nothing in the others.
func (e *Encoder) Head() (head []byte) {
	if e.form != CSV {
		return nil
	}
	for i, f := range e.schema.Fields() {
		if i > 0 {
			head = append(head, ',')
		}
		head = appendCSVText(head, []byte(f.Name))
	}
	return append(head, '\n')
}

// Append appends the rows of a record, which has the encoder's schema. The text is dst's own.
func (e *Encoder) Append(dst []byte, rec arrow.Record) ([]byte, error) {
	clean := cleanJSON
	if e.form == CSV {
		clean = cleanCSV
	}
	cols, err := columns(rec, clean)
	if err != nil {
		return dst, err
	}
	rows := int(rec.NumRows())
	switch e.form {
	case CSV:
		return appendCSVRows(dst, cols, rows), nil
	case Lines:
		return e.appendLines(dst, cols, rows), nil
	}
	return appendArrays(dst, cols, rows), nil
}

func appendCSVRows(dst []byte, cols []column, rows int) []byte {
	for i := range rows {
		for j := range cols {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = cols[j].appendCSV(dst, i)
		}
		dst = append(dst, '\n')
	}
	return dst
}

func (e *Encoder) appendLines(dst []byte, cols []column, rows int) []byte {
	for i := range rows {
		if len(cols) == 0 {
			dst = append(dst, '{')
		}
		for j := range cols {
			dst = append(dst, e.keys[j]...)
			dst = cols[j].appendJSON(dst, i)
		}
		dst = append(dst, '}', '\n')
	}
	return dst
}

func appendArrays(dst []byte, cols []column, rows int) []byte {
	for i := range rows {
		dst = append(dst, ',', '[')
		for j := range cols {
			if j > 0 {
				dst = append(dst, ',')
			}
			dst = cols[j].appendJSON(dst, i)
		}
		dst = append(dst, ']')
	}
	return dst
}
