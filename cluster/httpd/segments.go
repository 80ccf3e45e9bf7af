package httpd

import (
	"io"
	"net/http"

	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/engine/tabular"
)

// segment makes a static segment of the ids that the body holds.
func (s *server) segment(w http.ResponseWriter, r *http.Request) {
	format, err := bodyFormat(r)
	if err != nil {
		fail(w, err)
		return
	}
	p := sending(w)
	req := api.SegmentRequest{
		Base: r.PathValue("base"), Segment: r.PathValue("segment"), Client: r.RemoteAddr, Interrupt: p.lose,
		Replace: r.URL.Query().Get("replace") == "true",
		Options: tabular.Options{Format: format, MaxBytes: 4 * maxIDsBody, MaxRatio: maxRatio, MaxMemory: maxRowsPlain},
	}
	var res api.SegmentResult
	err = withRows(w, r, maxIDsBody, req.Options, func(body io.Reader) (err error) {
		req.Body = body
		res, err = s.svc.FillSegment(r.Context(), req)
		return err
	})
	p.close(w)
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, res)
}
