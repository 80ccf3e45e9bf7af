package httpd

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/musterdb/muster/query/diag"
)

// Problem is an error as it leaves by HTTP.
type Problem struct {
	Code     diag.Code `json:"code"`
	Message  string    `json:"message"`
	Hint     string    `json:"hint,omitempty"`
	Line     int       `json:"line,omitempty"`     // 1-based, in the statement
	Column   int       `json:"column,omitempty"`   // 1-based, in characters
	Rendered string    `json:"rendered,omitempty"` // message, the line with a caret, hint
}

// ProblemOf returns an error's form.
func ProblemOf(err error) Problem {
	var known *diag.Error
	if !errors.As(err, &known) {
		known = diag.New(diag.Internal, diag.Span{}, "%v", err)
	}
	line, column := known.Position()
	return Problem{Code: known.Code, Message: known.Msg, Hint: known.Hint, Line: line, Column: column, Rendered: known.Render()}
}

// statusOf maps the codes of errors to those of HTTP.
var statusOf = map[diag.Code]int{
	diag.Syntax:      http.StatusBadRequest,
	diag.Name:        http.StatusNotFound,
	diag.Type:        http.StatusBadRequest,
	diag.Invalid:     http.StatusBadRequest,
	diag.NotYet:      http.StatusNotImplemented,
	diag.Limit:       http.StatusRequestEntityTooLarge,
	diag.Exists:      http.StatusConflict,
	diag.Overflow:    http.StatusUnprocessableEntity,
	diag.Conflict:    http.StatusConflict,
	diag.Unavailable: http.StatusServiceUnavailable,
	diag.Canceled:    http.StatusRequestTimeout,
	diag.Internal:    http.StatusInternalServerError,
}

// status returns the HTTP status of an error. A full disk has a code of its own, which clients that
// retry must know from a stop.
func (p Problem) status() int {
	if p.Code == diag.Unavailable && strings.Contains(p.Message, "almost full") {
		return http.StatusInsufficientStorage
	}
	if s, ok := statusOf[p.Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// fail answers with an error, if nothing was answered yet.
func fail(w http.ResponseWriter, err error) {
	p := ProblemOf(err)
	writeJSON(w, p.status(), map[string]Problem{"error": p})
}

func refuse(w http.ResponseWriter, status int, msg, hint string) {
	p := ProblemOf(diag.New(diag.Invalid, diag.Span{}, "%s", msg).WithHint("%s", hint))
	writeJSON(w, status, map[string]Problem{"error": p})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client is gone: nothing is left to tell it
}

// mustJSON encodes plain data, which cannot fail.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
