package httpd

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/catalog"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/diag"
)

// Limits of a body of rows.
const (
	maxRowsBody  = 64 << 20  // as it is sent
	maxRowsPlain = 256 << 20 // after decompression
	maxRatio     = 200       // decompressed bytes for each byte sent
	maxLoadBody  = 1 << 20
	maxBlockBody = 64 << 20
)

// contacts takes a batch of contacts.
func (s *server) contacts(w http.ResponseWriter, r *http.Request) { s.ingest(w, r, "contacts", false) }

// events takes a batch of events of one type.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	s.ingest(w, r, r.PathValue("type"), true)
}

func (s *server) ingest(w http.ResponseWriter, r *http.Request, target string, isEvent bool) {
	if r.URL.Query().Has("load") {
		s.block(w, r)
		return
	}
	format, err := bodyFormat(r)
	if err != nil {
		fail(w, err)
		return
	}
	var body io.Reader = http.MaxBytesReader(w, r.Body, maxRowsBody)
	if isJSON(r) {
		if body, err = jsonLines(body); err != nil {
			fail(w, err)
			return
		}
	}
	res, err := s.svc.Ingest(r.Context(), api.IngestRequest{
		Base: r.PathValue("base"), Target: target, Event: isEvent, Body: body,
		Options:  tabular.Options{Format: format, MaxBytes: maxRowsPlain, MaxRatio: maxRatio, MaxMemory: maxRowsPlain},
		BatchKey: r.Header.Get("Muster-Batch"),
	})
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = bodyTooLarge(maxRowsBody)
	}
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, res)
}

func mediaType(r *http.Request) string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

func isJSON(r *http.Request) bool { return mediaType(r) == "application/json" }

// bodyFormat returns the format that Content-Type names.
func bodyFormat(r *http.Request) (tabular.Format, error) {
	switch media := mediaType(r); media {
	case "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl":
		return tabular.NDJSON, nil
	case "text/csv":
		return tabular.CSV, nil
	case "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file":
		return tabular.Arrow, nil
	case "application/vnd.apache.parquet":
		return tabular.Parquet, nil
	default:
		return 0, diag.New(diag.Invalid, diag.Span{}, "rows cannot come as Content-Type %q", media).
			WithHint("use application/x-ndjson, application/json, text/csv, application/vnd.apache.arrow.stream or application/vnd.apache.parquet")
	}
}

// jsonLines turns an array of objects, or one object, into a line for each. It reads the body once and
// keeps no more than one object.
func jsonLines(body io.Reader) (io.Reader, error) {
	in := bufio.NewReader(body)
	first, err := firstByte(in)
	if err != nil {
		return nil, diag.New(diag.Invalid, diag.Span{}, "the body is empty").WithHint("send an array of objects")
	}
	dec := json.NewDecoder(in)
	if first == '[' {
		if _, err := dec.Token(); err != nil {
			return nil, err
		}
	}
	return &lineReader{dec: dec, array: first == '['}, nil
}

func firstByte(in *bufio.Reader) (byte, error) {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, in.UnreadByte()
		}
	}
}

// lineReader reads JSON values as compact lines.
type lineReader struct {
	dec   *json.Decoder
	array bool
	rows  int
	line  bytes.Buffer
}

// Read reads the bytes of the next lines.
func (l *lineReader) Read(p []byte) (int, error) {
	for l.line.Len() == 0 {
		if !l.dec.More() {
			return 0, io.EOF
		}
		var value json.RawMessage
		if err := l.dec.Decode(&value); err != nil {
			return 0, l.malformed(err)
		}
		l.rows++
		l.line.Reset()
		if err := json.Compact(&l.line, value); err != nil {
			return 0, l.malformed(err)
		}
		l.line.WriteByte('\n')
	}
	return l.line.Read(p)
}

func (l *lineReader) malformed(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return diag.New(diag.Invalid, diag.Span{}, "row %d is not JSON: %v", l.rows+1, err).
		WithHint("the rows before it may be in; send the batch again with a Muster-Batch key once it is mended")
}

// openLoad begins or goes on with a load of a file.
func (s *server) openLoad(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Key   string `json:"key"`
		Again bool   `json:"again"`
	}
	if !readJSON(w, r, &in) {
		return
	}
	load, err := s.svc.OpenLoad(r.Context(), r.PathValue("base"), in.Key, in.Again)
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, load)
}

// advanceLoad records that blocks of a load are in.
func (s *server) advanceLoad(w http.ResponseWriter, r *http.Request) {
	var in catalog.LoadChange
	if !readJSON(w, r, &in) {
		return
	}
	load, err := s.svc.AdvanceLoad(r.Context(), r.PathValue("base"), &in)
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, load)
}

// block takes one block of a load, as an encoded change.
func (s *server) block(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	producer, err1 := strconv.ParseUint(q.Get("load"), 10, 64)
	number, err2 := strconv.ParseUint(q.Get("block"), 10, 64)
	version, err3 := strconv.ParseUint(q.Get("schema"), 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		fail(w, diag.New(diag.Invalid, diag.Span{}, "a block names its load, its number and its schema: %v", err))
		return
	}
	body, err := readBody(w, r, maxBlockBody)
	if err != nil {
		fail(w, err)
		return
	}
	res, err := s.svc.LoadBlock(r.Context(), r.PathValue("base"), api.Block{Producer: producer, Number: number, Schema: version, Change: body})
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, res)
}

func readJSON(w http.ResponseWriter, r *http.Request, into any) bool {
	text, err := readBody(w, r, maxLoadBody)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		fail(w, diag.New(diag.Invalid, diag.Span{}, "%s", fmt.Sprintf("the body cannot be read: %v", err)))
		return false
	}
	return true
}
