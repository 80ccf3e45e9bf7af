package httpd

import (
	"encoding/json"
	"net/http"

	"github.com/musterdb/muster/query/diag"
)

// complete answers what can stand at the cursor of a text: {"text": …, "cursor": bytes}.
func (s *server) complete(w http.ResponseWriter, r *http.Request) {
	body, err := readBody(w, r, maxStatementBody)
	if err != nil {
		fail(w, err)
		return
	}
	var in struct {
		Text   string `json:"text"`
		Cursor int    `json:"cursor"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		fail(w, diag.New(diag.Invalid, diag.Span{}, "the body is no JSON document of a text and a cursor: %v", err).
			WithHint(`send {"text": "COUNT cou", "cursor": 9}, the cursor counted in bytes`))
		return
	}
	if in.Cursor < 0 || in.Cursor > len(in.Text) {
		fail(w, diag.New(diag.Invalid, diag.Span{}, "the cursor %d is not in the text of %d bytes", in.Cursor, len(in.Text)).
			WithHint("the cursor is counted in bytes from 0"))
		return
	}
	writeJSON(w, http.StatusOK, s.svc.Complete(r.Context(), r.URL.Query().Get("base"), in.Text, in.Cursor))
}

// Warning is a warning as it leaves by HTTP. Start and End are byte offsets in the statement.
type Warning struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

func warningsOf(found []diag.Warning) []Warning {
	out := make([]Warning, len(found))
	for i, w := range found {
		out[i] = Warning{w.Msg, w.Hint, w.Span.Start, w.Span.End}
	}
	return out
}

// Warn says what is rarely meant in headers of their own, since not every form of answer has a place for it.
func (a *answer) Warn(found []diag.Warning) {
	for _, w := range found {
		text := w.Msg
		if w.Hint != "" {
			text += "; " + w.Hint
		}
		a.w.Header().Add("Muster-Warning", headerText(text))
	}
}

// check answers what is wrong with the statement in the body, which is not carried out.
func (s *server) check(w http.ResponseWriter, r *http.Request) {
	in, err := readAsked(w, r)
	if err != nil {
		fail(w, err)
		return
	}
	c := s.svc.Check(r.Context(), in.Base, in.Statement)
	var problem *Problem
	if c.Err != nil {
		p := ProblemOf(c.Err)
		problem = &p
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": c.Err == nil, "canonical": c.Canonical, "error": problem, "warnings": warningsOf(c.Warnings)})
}
