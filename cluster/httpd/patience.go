package httpd

import (
	"net/http"
	"sync"
	"time"
)

// leaveWithin is how long a statement that has ended may still wait for its client.
const leaveWithin = time.Second

// patience ends a handler's wait for its client soon after its statement has ended: a client that neither reads
// nor sends would keep the statement, and all that it holds, as long as its connection stands. A context ends
// no wait for a connection, a deadline of the connection does.
type patience struct {
	until func(time.Time) error // sets the deadline

	mu         sync.Mutex
	lost, over bool
}

// lose is called when the statement has ended, mostly because it was killed.
func (p *patience) lose() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.lost = true
		_ = p.until(time.Now().Add(leaveWithin)) // without deadlines there are no connections that stall
	}
}

// end says that nobody waits any more, and whether patience was lost before.
func (p *patience) end() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	return p.lost
}

// reading is the patience with a client that reads an answer.
func reading(w http.ResponseWriter) *patience {
	return &patience{until: http.NewResponseController(w).SetWriteDeadline}
}

// forgive lets the connection of an answer that was read after all serve other requests.
func (p *patience) forgive() {
	if p.end() {
		_ = p.until(time.Time{})
	}
}

// sending is the patience with a client that sends a body.
func sending(w http.ResponseWriter) *patience {
	return &patience{until: http.NewResponseController(w).SetReadDeadline}
}

// close has the connection closed after the answer if the rest of the body may never come.
func (p *patience) close(w http.ResponseWriter) {
	if p.end() {
		w.Header().Set("Connection", "close")
	}
}
