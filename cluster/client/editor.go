package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// Candidate is something that can stand at the cursor of a statement.
type Candidate struct {
	Text   string `json:"text"`
	Kind   string `json:"kind"` // keyword, attribute, event, property, segment, value, function, base or snippet
	Detail string `json:"detail"`
}

// Completion is what can stand in the place of the bytes [Start, End) of a text, the best first.
type Completion struct {
	Start      int         `json:"start"`
	End        int         `json:"end"`
	Candidates []Candidate `json:"candidates"`
}

// Complete asks what can stand at the cursor, a byte offset, of a text that is being written.
func (c *Client) Complete(ctx context.Context, base, text string, cursor int) (*Completion, error) {
	body, err := json.Marshal(map[string]any{"text": text, "cursor": cursor})
	if err != nil {
		return nil, fmt.Errorf("the text cannot be sent: %w", err)
	}
	var out Completion
	path := "/v1/complete?" + url.Values{"base": {base}}.Encode()
	return &out, c.call(ctx, http.MethodPost, path, "application/json", body, &out)
}

// Warning is what is legal in a statement but rarely meant. Start and End are byte offsets in its text.
type Warning struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
	Start   int    `json:"start"`
	End     int    `json:"end"`
}

// Checked is what the server says of a statement that it does not carry out.
type Checked struct {
	OK        bool         `json:"ok"`
	Canonical string       `json:"canonical"`
	Error     *ServerError `json:"error"`
	Warnings  []Warning    `json:"warnings"`
}

// Check asks what is wrong with a statement. The error is of the request; that of the statement is in the answer.
func (c *Client) Check(ctx context.Context, base, text string) (*Checked, error) {
	var out Checked
	path := "/v1/check?" + url.Values{"base": {base}}.Encode()
	return &out, c.call(ctx, http.MethodPost, path, "text/plain; charset=utf-8", []byte(text), &out)
}

// Warnings returns what the server finds rarely meant in the statement, with what to write instead.
func (a *Answer) Warnings() []string {
	if a.header == nil {
		return nil
	}
	return a.header.Values("Muster-Warning")
}
