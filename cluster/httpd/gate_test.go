package httpd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestGate: a node that recovers answers at once, and says that it does.
func TestGate(t *testing.T) {
	g := NewGate(Config{Version: "test"})
	srv := httptest.NewServer(g)
	t.Cleanup(srv.Close)
	d := &door{t, srv.URL}
	r := d.ask("shop", "COUNT", "csv")
	if p := r.problem(t); r.status != 503 || p.Code != "UNAVAILABLE" || !strings.HasPrefix(p.Message, "recovering: ") || r.head.Get("Retry-After") != "1" {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := d.send("GET", "/readyz", nil); r.status != 503 || !strings.Contains(r.body, `"reason":"recovering: `) {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := d.send("GET", "/healthz", nil); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := d.send("GET", "/readyz", nil, "Host", "muster.example"); r.status != http.StatusMisdirectedRequest {
		t.Errorf("a foreign Host is answered with %d", r.status)
	}
	g.Open(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	if r := d.send("GET", "/readyz", nil); r.status != http.StatusTeapot {
		t.Errorf("an open gate answers %d", r.status)
	}
}

// TestBodiesInFlight: while a body is taken, one for which there is no room is refused at once.
func TestBodiesInFlight(t *testing.T) {
	hold, begun := make(chan struct{}), make(chan struct{}, 10)
	f := &inFlight{most: 100 << 10}
	srv := httptest.NewServer(f.bounded(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		if r.URL.Path == "/slow" {
			<-hold
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(srv.Close)
	d := &door{t, srv.URL}
	slow := make(chan reply)
	go func() { slow <- d.send("POST", "/slow", strings.NewReader("x")) }()
	<-begun
	r := d.send("POST", "/", strings.NewReader("x"))
	if p := r.problem(t); r.status != 503 || p.Code != "UNAVAILABLE" || r.head.Get("Retry-After") != "1" {
		t.Errorf("%d %s", r.status, r.body)
	}
	close(hold)
	<-slow
	// A body that is larger than all of the room is taken if it is the only one.
	if r := d.send("POST", "/", strings.NewReader(strings.Repeat("x", 200<<10))); r.status != 200 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if n := f.now.Load(); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}
