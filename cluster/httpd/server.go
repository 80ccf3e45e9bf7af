package httpd

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/storage/schema"
)

// Config describes the door.
type Config struct {
	Version string
	// BulkBytes bounds the bodies of rows that are taken at the same time, as they are sent; default 256 MiB.
	BulkBytes int64
}

// server is the door's handlers.
type server struct {
	svc *api.Service
	cfg Config
}

// New returns the door's handler.
func New(svc *api.Service, cfg Config) http.Handler {
	s := &server{svc, cfg}
	bulk := &inFlight{most: cfg.BulkBytes}
	if bulk.most <= 0 {
		bulk.most = defaultBulkBytes
	}
	mux := http.NewServeMux()
	for path, handle := range map[string]http.HandlerFunc{
		"/v1/query":                           s.query,
		"/v1/statements/{id}":                 s.execute,
		"/v1/complete":                        s.complete,
		"/v1/check":                           s.check,
		"/v1/bases/{base}/contacts":           bulk.bounded(s.contacts),
		"/v1/bases/{base}/events/{type}":      bulk.bounded(s.events),
		"/v1/bases/{base}/segments/{segment}": bulk.bounded(s.segment),
		"/v1/bases/{base}/loads":              s.openLoad,
		"/v1/bases/{base}/loads/advance":      s.advanceLoad,
	} {
		mux.HandleFunc("POST "+path, handle)
		mux.HandleFunc(path, postOnly)
	}
	mux.HandleFunc("POST /v1/statements", s.prepare)
	mux.HandleFunc("GET /v1/statements", s.prepared)
	mux.HandleFunc("DELETE /v1/statements/{id}", s.unprepare)
	mux.HandleFunc("GET /v1/bases/{base}/schema", s.schema)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", metricsHandler(svc))
	mux.HandleFunc("/", s.nothing)
	return guard(mux)
}

// health says that the process answers.
func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": s.cfg.Version})
}

// ready says whether every group serves.
func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.svc.Ready(); err != nil {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

// nothing answers paths and methods that do not exist.
func (s *server) nothing(w http.ResponseWriter, r *http.Request) {
	refuse(w, http.StatusNotFound, "there is nothing at "+r.Method+" "+r.URL.Path,
		"the URL of a server has no path, like http://127.0.0.1:7070; under it are POST /v1/query, POST /v1/bases/{base}/contacts, "+
			"POST /v1/bases/{base}/events/{type}, POST /v1/statements, GET /healthz, /readyz and /metrics")
}

// postOnly answers other methods at a path that takes POST.
func postOnly(w http.ResponseWriter, r *http.Request) {
	hint := "send the rows as the body: curl --data-binary @rows.csv -H 'Content-Type: text/csv' " + r.URL.Path
	switch {
	case strings.HasPrefix(r.URL.Path, "/v1/statements/"):
		hint = "POST carries the statement out, DELETE forgets it; GET /v1/statements lists those there are"
	case r.URL.Path == "/v1/complete":
		hint = `send the text and the cursor as the body: {"text": "COUNT cou", "cursor": 9}`
	case r.URL.Path == "/v1/query", r.URL.Path == "/v1/check":
		hint = "send the statement as the body: curl 'http://127.0.0.1:7070" + r.URL.Path + "?base=shop' --data \"COUNT country = 'PL'\""
	}
	w.Header().Set("Allow", http.MethodPost)
	refuse(w, http.StatusMethodNotAllowed, r.URL.Path+" takes POST, not "+r.Method, hint)
}

func (s *server) schema(w http.ResponseWriter, r *http.Request) {
	sch, err := s.svc.Schema(r.PathValue("base"))
	if err != nil {
		fail(w, err)
		return
	}
	lean := *sch // conditions may be many megabytes together
	lean.Segments = slices.Clone(sch.Segments)
	for i := range lean.Segments {
		if text := &lean.Segments[i].Text; len(*text) > shownCondition {
			*text = strings.ToValidUTF8((*text)[:shownCondition], "") + "…"
		}
	}
	writeJSON(w, http.StatusOK, &lean)
}

// shownCondition is how many bytes of a segment's condition are among the schema; SHOW SEGMENTS has the whole.
const shownCondition = 500

// readBody reads a body that must be whole in memory.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, bodyTooLarge(most)
	}
	return text, err
}

// maxStatementBody lets the parser refuse a statement that is too long with its own words, and cuts off
// what is far beyond.
const maxStatementBody = 4 * schema.MaxStatementBytes
