package httpd

import (
	"net/http"

	"github.com/musterdb/muster/cluster/api"
)

// prepare parses a statement once, to be carried out often.
func (s *server) prepare(w http.ResponseWriter, r *http.Request) {
	in, err := readAsked(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	p, err := s.svc.Prepare(in.Base, in.Statement)
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, p)
}

// prepared lists the statements that are prepared.
func (s *server) prepared(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"statements": s.svc.PreparedStatements()})
}

// execute carries out a prepared statement.
func (s *server) execute(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, func(in *asked, to api.Sink) (api.Stats, error) {
		return s.svc.Execute(r.Context(), r.PathValue("id"), api.Request{Params: in.values, Client: r.RemoteAddr, Interrupt: in.interrupt}, to)
	})
}

// unprepare forgets a prepared statement.
func (s *server) unprepare(w http.ResponseWriter, r *http.Request) {
	if err := s.svc.Unprepare(r.PathValue("id")); err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"message": "statement forgotten"})
}
