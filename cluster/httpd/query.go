package httpd

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/diag"
)

func bodyTooLarge(most int64) error {
	return diag.New(diag.Limit, diag.Span{}, "the body is longer than the %d MiB allowed", most>>20).
		WithHint("send it in several batches")
}

// format is a form of answers that HTTP knows.
type format struct {
	name, contentType string
	tabular           tabular.Format // Auto: one JSON document
}

// formats in the order in which they are offered; the first is the default.
var formats = []format{
	{"json", "application/json", tabular.Auto},
	{"ndjson", "application/x-ndjson", tabular.NDJSON},
	{"csv", "text/csv; charset=utf-8", tabular.CSV},
	{"arrow", "application/vnd.apache.arrow.stream", tabular.Arrow},
	{"parquet", "application/vnd.apache.parquet", tabular.Parquet},
	{"markdown", "text/markdown; charset=utf-8", tabular.Markdown},
}

// chooseFormat returns the format that ?format= names, else the one that Accept likes best.
func chooseFormat(r *http.Request) (format, error) {
	name := r.URL.Query().Get("format")
	if name == "" {
		return accepted(r.Header.Values("Accept")), nil
	}
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, diag.New(diag.Invalid, diag.Span{}, "there is no format %q", name).WithHint("use json, ndjson, csv, arrow, parquet or markdown")
}

// accepted returns the format with the highest quality in Accept; the first of equals, and the default if
// it names none of ours.
func accepted(accept []string) format {
	best, quality := formats[0], 0.0
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		if f, ok := ofMedia(media); ok && q > quality {
			best, quality = f, q
		}
	}
	return best
}

// ofMedia returns the first format that a media range such as text/* holds.
func ofMedia(media string) (format, bool) {
	group, wild := strings.CutSuffix(media, "/*")
	for _, f := range formats {
		own, _, _ := strings.Cut(f.contentType, ";")
		if media == own || media == "*/*" || wild && strings.HasPrefix(own, group+"/") {
			return f, true
		}
	}
	return format{}, false
}

// query carries out the statement in the body.
func (s *server) query(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func(in *asked, to api.Sink) (api.Stats, error) {
		return s.svc.Query(r.Context(), api.Request{Base: in.Base, Text: in.Statement, Params: in.values, Client: r.RemoteAddr, Interrupt: in.interrupt}, to)
	})
}

// answer reads a request and writes what run answers, in the form that the request asks for.
func (s *server) answer(w http.ResponseWriter, r *http.Request, run func(*asked, api.Sink) (api.Stats, error)) {
	f, err := chooseFormat(r)
	if err != nil {
		fail(w, err)
		return
	}
	in, err := readAsked(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	p := reading(w)
	defer p.forgive()
	in.interrupt = p.lose
	a := &answer{w: w, format: f, held: &heldWriter{w: w}}
	stats, err := run(in, a)
	a.end(stats, err)
}

// answer is the sink of one request. The beginning of an answer is held back, so that what goes wrong
// before it is sent gets a status of its own.
type answer struct {
	w      http.ResponseWriter
	format format
	held   *heldWriter
	out    tabular.Writer
}

// Begin begins the answer.
func (a *answer) Begin(sch *arrow.Schema) (err error) {
	a.w.Header().Set("Content-Type", a.format.contentType)
	if a.format.tabular == tabular.Auto {
		a.out, err = tabular.NewDocument(a.held, sch)
		return err
	}
	a.out, err = tabular.NewWriter(a.held, a.format.tabular, sch)
	return err
}

// Record sends rows.
func (a *answer) Record(r arrow.Record) error { return a.out.Write(r) }

// Streams says whether the form can be made in pieces.
func (a *answer) Streams() bool {
	_, ok := a.out.(tabular.PieceWriter)
	return ok
}

// Encode makes a piece of rows.
func (a *answer) Encode(dst []byte, rec arrow.Record) ([]byte, error) {
	return a.out.(tabular.PieceWriter).Encode(dst, rec)
}

// Encoded sends a piece.
func (a *answer) Encoded(piece []byte, _ int64) error {
	return a.out.(tabular.PieceWriter).WritePiece(piece)
}

// Message answers a statement that has no rows.
func (a *answer) Message(text string) error {
	a.w.Header().Set("Muster-Message", headerText(text))
	writeJSON(a.w, http.StatusOK, map[string]string{"message": text})
	return nil
}

// headerText makes a text fit for a header: names may hold any character.
func headerText(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

// end finishes the answer. An error after the first byte cannot change the status: NDJSON ends with a
// line that says so, every other format is cut off, which no client takes for a whole answer.
func (a *answer) end(stats api.Stats, err error) {
	if err == nil && a.out != nil {
		err = a.finish(stats)
	}
	switch {
	case err == nil:
	case a.out == nil:
		fail(a.w, err)
	case !a.held.sent:
		a.w.Header().Del("Content-Type")
		fail(a.w, err)
	case a.format.tabular == tabular.NDJSON:
		_ = a.out.Close()
		fmt.Fprintf(a.held, "{\"@error\":%s}\n", mustJSON(ProblemOf(err)))
	default:
		panic(http.ErrAbortHandler)
	}
}

// finish ends an answer that is whole.
func (a *answer) finish(stats api.Stats) error {
	said := fmt.Sprintf(`"rows":%d,"elapsed_ms":%.3f,"clock":%d`, stats.Rows, float64(stats.Elapsed.Microseconds())/1000, stats.Clock)
	if len(stats.Warnings) > 0 {
		said += `,"warnings":` + string(mustJSON(warningsOf(stats.Warnings)))
	}
	if doc, ok := a.out.(*tabular.Document); ok {
		if err := doc.Finish(`"stats":{` + said + `}`); err != nil {
			return err
		}
		a.sayStats(stats)
		return a.held.Flush()
	}
	if err := a.out.Close(); err != nil {
		return err
	}
	a.sayStats(stats) // what Close has sent may have been the beginning
	if a.format.tabular == tabular.NDJSON {
		fmt.Fprintf(a.held, "{\"@end\":{%s}}\n", said)
	}
	return a.held.Flush()
}

// What is said of an answer that is whole: how many rows it has, and how many milliseconds the server took for
// it. They are headers of an answer that was held back until it was whole, trailers of one that was sent on the
// way.
const (
	rowsHeader    = "Muster-Rows"
	elapsedHeader = "Muster-Elapsed"
)

func (a *answer) sayStats(stats api.Stats) {
	prefix := ""
	if a.held.sent {
		prefix = http.TrailerPrefix
	}
	a.w.Header().Set(prefix+rowsHeader, strconv.FormatInt(stats.Rows, 10))
	a.w.Header().Set(prefix+elapsedHeader, strconv.FormatFloat(float64(stats.Elapsed.Microseconds())/1000, 'f', 3, 64))
}

// holdBytes is how much of an answer is held back. Most statements that fail do so before it is full.
const holdBytes = 64 << 10

// heldWriter holds the beginning of an answer back until there is more than holdBytes of it.
type heldWriter struct {
	w    io.Writer
	held []byte
	sent bool
}

// Write holds or sends bytes.
func (h *heldWriter) Write(p []byte) (int, error) {
	if !h.sent && len(h.held)+len(p) <= holdBytes {
		h.held = append(h.held, p...)
		return len(p), nil
	}
	if err := h.Flush(); err != nil {
		return 0, err
	}
	return h.w.Write(p)
}

// Flush sends what is held.
func (h *heldWriter) Flush() error {
	h.sent = true
	_, err := h.w.Write(h.held)
	h.held = nil
	return err
}
