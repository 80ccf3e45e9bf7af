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
	maxIDsBody   = 4 << 30 // the ids of a segment, which are not kept in memory
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
	res, err := s.rows(w, r, api.IngestRequest{
		Base: r.PathValue("base"), Target: target, Event: isEvent, BatchKey: r.Header.Get("Muster-Batch"),
		Options: tabular.Options{Format: format, MaxBytes: maxRowsPlain, MaxRatio: maxRatio, MaxMemory: maxRowsPlain},
	})
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, res)
}

// rows reads the body and takes its rows.
func (s *server) rows(w http.ResponseWriter, r *http.Request, req api.IngestRequest) (res *api.IngestResult, err error) {
	err = withRows(w, r, maxRowsBody, req.Options, func(body io.Reader) (err error) {
		req.Body = body
		res, err = s.svc.Ingest(r.Context(), req)
		return err
	})
	return res, err
}

// withRows calls take with a body of rows, of which at most a number of bytes are read. A body of JSON comes
// as lines.
func withRows(w http.ResponseWriter, r *http.Request, most int64, opt tabular.Options, take func(io.Reader) error) error {
	body := io.Reader(http.MaxBytesReader(w, r.Body, most))
	if isJSON(r) {
		plain, err := tabular.Decompress(body, opt)
		if err == nil {
			defer plain.Close()
			body, err = jsonLines(plain)
		}
		if err != nil {
			return api.Unreadable(err)
		}
	}
	err := take(body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return bodyTooLarge(most)
	}
	return err
}

func mediaType(r *http.Request) string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

func isJSON(r *http.Request) bool { return mediaType(r) == "application/json" }

// bodyFormat returns the format that Content-Type names. Compression is told by the first bytes; an
// encoding that cannot be told so is refused.
func bodyFormat(r *http.Request) (tabular.Format, error) {
	switch how := r.Header.Get("Content-Encoding"); how {
	case "", "identity", "gzip", "x-gzip", "zstd":
	default:
		return 0, diag.New(diag.Invalid, diag.Span{}, "rows cannot come with Content-Encoding %q", how).WithHint("use gzip, zstd or none")
	}
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
	ended bool
	rows  int
	line  bytes.Buffer
}

// Read reads the bytes of the next lines.
func (l *lineReader) Read(p []byte) (int, error) {
	for l.line.Len() == 0 {
		if !l.dec.More() {
			return 0, l.end()
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

// end holds that the body is whole: an array has its bracket, and nothing follows.
func (l *lineReader) end() error {
	if l.array && !l.ended {
		if _, err := l.dec.Token(); err != nil {
			return l.malformed(err)
		}
	}
	l.ended = true
	if _, err := l.dec.Token(); !errors.Is(err, io.EOF) {
		return l.malformed(errors.New("there is text after the end"))
	}
	return io.EOF
}

func (l *lineReader) malformed(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) || errors.Is(err, tabular.ErrTooLarge) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the body ends before it does")
	}
	return diag.New(diag.Invalid, diag.Span{}, "row %d is not JSON: %v", l.rows+1, err).
		WithHint("mend the body and send it whole: an array of objects, or one object a line as application/x-ndjson")
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

// advanceLoad records how far a load has come.
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
	load.Hashes = nil // the client has them
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
