package httpd

import (
	"net/http"
	"sync/atomic"

	"github.com/musterdb/muster/query/diag"
)

// inFlight bounds the bodies of rows that are taken at the same time, in bytes as they are sent: what is
// decoded from them is in memory until it is in the log.
type inFlight struct {
	most int64
	now  atomic.Int64
}

// defaultBulkBytes is how much of bodies is taken at once.
const defaultBulkBytes = 256 << 20

// bounded answers 503 instead of taking a body for which there is no room. One body is always taken.
func (f *inFlight) bounded(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		bytes := weight(r)
		if now := f.now.Add(bytes); now > f.most && now > bytes {
			f.now.Add(-bytes)
			w.Header().Set("Retry-After", "1")
			fail(w, diag.New(diag.Unavailable, diag.Span{}, "the server takes %d MiB of rows at once, and is busy with as many", f.most>>20).
				WithHint("send the same batch again after a second"))
			return
		}
		defer f.now.Add(-bytes)
		next(w, r)
	}
}

// weight is what a body may take. One of unknown length is taken for a middling one.
func weight(r *http.Request) int64 {
	const least, unknown = 64 << 10, 8 << 20
	if r.ContentLength < 0 {
		return unknown
	}
	return max(least, min(r.ContentLength, maxRowsBody))
}
