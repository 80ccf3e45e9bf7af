package httpd

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/diag"
)

func bodyTooLarge(most int64) error {
	return diag.New(diag.Limit, diag.Span{}, "the body is longer than the %d MiB allowed", most>>20)
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
}

// chooseFormat returns the format that ?format= or Accept names.
func chooseFormat(r *http.Request) (format, error) {
	if name := r.URL.Query().Get("format"); name != "" {
		for _, f := range formats {
			if f.name == name {
				return f, nil
			}
		}
		return format{}, diag.New(diag.Invalid, diag.Span{}, "there is no format %q", name).WithHint("use json, ndjson, csv or arrow")
	}
	accept := r.Header.Get("Accept")
	for part := range strings.SplitSeq(accept, ",") {
		media, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		for _, f := range formats {
			if strings.HasPrefix(f.contentType, media) && media != "" {
				return f, nil
			}
		}
		if media == "*/*" {
			break
		}
	}
	return formats[0], nil
}

// query carries out the statement in the body.
func (s *server) query(w http.ResponseWriter, r *http.Request) {
	f, err := chooseFormat(r)
	if err != nil {
		fail(w, err)
		return
	}
	text, err := readBody(w, r, maxStatementBody)
	if err != nil {
		fail(w, err)
		return
	}
	a := &answer{w: w, format: f}
	req := api.Request{Base: r.URL.Query().Get("base"), Text: string(text)}
	stats, err := s.svc.Query(r.Context(), req, a)
	a.end(stats, err)
}

// answer is the sink of one request: the status is sent with the first record, so that what goes wrong
// before it gets a status of its own.
type answer struct {
	w      http.ResponseWriter
	format format
	out    tabular.Writer
}

// Begin sends the headers.
func (a *answer) Begin(sch *arrow.Schema) (err error) {
	a.w.Header().Set("Content-Type", a.format.contentType)
	if a.format.tabular == tabular.Auto {
		a.out, err = tabular.NewDocument(a.w, sch)
		return err
	}
	a.out, err = tabular.NewWriter(a.w, a.format.tabular, sch)
	return err
}

// Record sends rows.
func (a *answer) Record(r arrow.Record) error { return a.out.Write(r) }

// Message answers a statement that has no rows.
func (a *answer) Message(text string) error {
	a.w.Header().Set("Muster-Message", strings.ReplaceAll(text, "\n", " "))
	writeJSON(a.w, http.StatusOK, map[string]string{"message": text})
	return nil
}

// end finishes the answer. An error after the first byte cannot change the status: NDJSON ends with a
// line that says so, every other format is cut off, which no client takes for a whole answer.
func (a *answer) end(stats api.Stats, err error) {
	if err != nil {
		a.abort(err)
		return
	}
	if a.out == nil {
		return
	}
	said := fmt.Sprintf(`"rows":%d,"elapsed_ms":%.3f,"clock":%d`, stats.Rows, float64(stats.Elapsed.Microseconds())/1000, stats.Clock)
	if doc, ok := a.out.(*tabular.Document); ok {
		err = doc.Finish(`"stats":{` + said + `}`)
	} else {
		err = a.out.Close()
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if a.format.tabular == tabular.NDJSON {
		fmt.Fprintf(a.w, "{\"@end\":{%s}}\n", said)
	}
}

func (a *answer) abort(err error) {
	if a.out == nil {
		fail(a.w, err)
		return
	}
	if a.format.tabular != tabular.NDJSON {
		panic(http.ErrAbortHandler)
	}
	p := ProblemOf(err)
	_ = a.out.Close()
	fmt.Fprintf(a.w, "{\"@error\":%s}\n", mustJSON(p))
}
