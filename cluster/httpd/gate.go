package httpd

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/musterdb/muster/query/diag"
)

// Gate is the door's handler from before there is a service behind it: while the node recovers it answers
// every request at once with 503 and why, instead of letting clients wait for they do not know what.
type Gate struct {
	begin time.Time
	open  atomic.Pointer[http.Handler]
	shut  http.Handler
}

// NewGate returns a gate that is shut.
func NewGate(cfg Config) *Gate {
	g := &Gate{begin: time.Now()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", (&server{cfg: cfg}).health)
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "not ready", "reason": g.why()})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		fail(w, diag.New(diag.Unavailable, diag.Span{}, "%s", g.why()).WithHint("try again in a moment; GET /readyz says when it serves"))
	})
	g.shut = guard(mux)
	return g
}

func (g *Gate) why() string {
	return fmt.Sprintf("recovering: the server has read its data folder for %s", time.Since(g.begin).Round(100*time.Millisecond))
}

// Open lets requests through to a handler from now on.
func (g *Gate) Open(to http.Handler) { g.open.Store(&to) }

// ServeHTTP answers a request.
func (g *Gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if open := g.open.Load(); open != nil {
		(*open).ServeHTTP(w, r)
		return
	}
	g.shut.ServeHTTP(w, r)
}
