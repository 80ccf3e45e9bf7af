// Package client owns the Go client of Muster's HTTP door: statements and their answers, batches of
// rows, loads. It does not read files (cmd/internal/load) and does not draw tables.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/storage/schema"
)

// Client speaks to one server. It is safe for concurrent use.
type Client struct {
	base string
	http *http.Client
}

// New returns a client of the server at a URL such as http://127.0.0.1:7070.
func New(server string) (*Client, error) {
	u, err := url.Parse(server)
	if err == nil && u.Scheme == "https" {
		return nil, fmt.Errorf("this version speaks no TLS; write %s", strings.Replace(server, "https:", "http:", 1))
	}
	if err != nil || u.Host == "" || u.Scheme != "http" {
		return nil, fmt.Errorf("%q is not the URL of a server; write it like http://127.0.0.1:7070", server)
	}
	return &Client{base: strings.TrimSuffix(u.String(), "/"), http: &http.Client{}}, nil
}

// URL returns the server's URL.
func (c *Client) URL() string { return c.base }

// ConnectError is returned when the server could not be reached at all.
type ConnectError struct {
	URL string
	Err error
}

// Error says what to check.
func (e *ConnectError) Error() string {
	return fmt.Sprintf("no Muster answers at %s: %v; is it running? start one with: muster serve --data DIR", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// ServerError is an error that the server answered.
type ServerError struct {
	Status   int    `json:"-"`
	Code     string `json:"code"`
	Message  string `json:"message"`
	Hint     string `json:"hint"`
	Rendered string `json:"rendered"`
	// RetryAfter is when to try again; 0 where that would not help.
	RetryAfter time.Duration `json:"-"`
}

// Error returns the error as people read it.
func (e *ServerError) Error() string {
	if e.Rendered != "" {
		return e.Rendered
	}
	if e.Hint != "" {
		return "error: " + e.Message + "\n  hint: " + e.Hint
	}
	return "error: " + e.Message
}

// Answer is the answer to a statement, to be closed.
type Answer struct {
	Body        io.ReadCloser
	ContentType string
	Message     string // of a statement that answers no rows; the Body is then empty

	header, trailer *http.Header
}

// Rows returns how many rows the server says that the answer has, once the Body was read to its end; false if
// it does not say, or something on the way has dropped what it said.
func (a *Answer) Rows() (int64, bool) {
	n, err := strconv.ParseInt(a.said("Muster-Rows"), 10, 64)
	return n, err == nil
}

// Elapsed returns how long the server says that it took for the answer; when and whether it says is as for Rows.
func (a *Answer) Elapsed() (time.Duration, bool) {
	ms, err := strconv.ParseFloat(a.said("Muster-Elapsed"), 64)
	return time.Duration(ms * float64(time.Millisecond)), err == nil
}

// said returns what stands before or behind the Body under a name.
func (a *Answer) said(name string) string {
	for _, h := range []*http.Header{a.header, a.trailer} {
		if h != nil && h.Get(name) != "" {
			return h.Get(name)
		}
	}
	return ""
}

// Statement is a statement with what belongs to it.
type Statement struct {
	Base string
	Text string
	// Params are the values of $name and $1, by name without $: text, bool, nil, json.Number and other numbers,
	// []string for a SET.
	Params map[string]any
}

// Query carries out a statement without parameters. Format is json, ndjson, csv, arrow, parquet or markdown.
func (c *Client) Query(ctx context.Context, base, statement, format string) (*Answer, error) {
	return c.Ask(ctx, Statement{Base: base, Text: statement}, format)
}

// Ask carries out a statement.
func (c *Client) Ask(ctx context.Context, s Statement, format string) (*Answer, error) {
	path := "/v1/query?" + url.Values{"base": {s.Base}, "format": {format}}.Encode()
	contentType, body := "text/plain; charset=utf-8", []byte(s.Text)
	if len(s.Params) > 0 {
		var err error
		contentType = "application/json"
		if body, err = json.Marshal(map[string]any{"statement": s.Text, "params": s.Params}); err != nil {
			return nil, fmt.Errorf("the parameters cannot be sent: %w", err)
		}
	}
	resp, err := c.do(ctx, http.MethodPost, path, contentType, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	a := &Answer{
		Body: resp.Body, ContentType: resp.Header.Get("Content-Type"), Message: resp.Header.Get("Muster-Message"),
		header: &resp.Header, trailer: &resp.Trailer,
	}
	if media, _, _ := mime.ParseMediaType(a.ContentType); a.Message == "" && media != contentTypes[format] {
		defer resp.Body.Close()
		return nil, notMuster(resp)
	}
	return a, nil
}

// contentTypes are those of answers, by format. What has another one does not come from Muster.
var contentTypes = map[string]string{
	"json": "application/json", "ndjson": "application/x-ndjson", "csv": "text/csv", "arrow": "application/vnd.apache.arrow.stream",
	"parquet": "application/vnd.apache.parquet", "markdown": "text/markdown",
}

// notMuster is the error of an answer that Muster does not give.
func notMuster(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	return &ServerError{
		Status:  resp.StatusCode,
		Message: fmt.Sprintf("what answers at %s is not Muster: %s: %s", resp.Request.URL.Host, resp.Status, bytes.TrimSpace(text)),
		Hint:    "check --url; a Muster server says its address when it starts",
	}
}

// Schema returns the schema of a base.
func (c *Client) Schema(ctx context.Context, base string) (*schema.Schema, error) {
	var sch schema.Schema
	err := c.call(ctx, http.MethodGet, "/v1/bases/"+url.PathEscape(base)+"/schema", "", nil, &sch)
	return &sch, err
}

// call sends a request and decodes the JSON answer.
func (c *Client) call(ctx context.Context, method, path, contentType string, body []byte, into any) error {
	resp, err := c.do(ctx, method, path, contentType, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("the answer of %s cannot be read: %w; is it a Muster server of this version?", c.base, err)
	}
	return nil
}

// do sends a request; an answer that is not 2xx becomes an error.
func (c *Client) do(ctx context.Context, method, path, contentType string, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreached(ctx, err)
	}
	if resp.StatusCode >= 300 {
		defer resp.Body.Close()
		return nil, serverError(resp)
	}
	return resp, nil
}

// unreached tells a server that cannot be reached from a connection that broke.
func (c *Client) unreached(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &ConnectError{URL: c.base, Err: op.Err}
	}
	return fmt.Errorf("the connection to %s broke: %w", c.base, err)
}

// maxErrorBytes bounds how much of an error's answer is read.
const maxErrorBytes = 1 << 20

func serverError(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBytes))
	var answer struct {
		Error *ServerError `json:"error"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || answer.Error == nil {
		resp.Body = io.NopCloser(bytes.NewReader(text))
		return notMuster(resp)
	}
	answer.Error.Status = resp.StatusCode
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil {
		answer.Error.RetryAfter = time.Duration(seconds) * time.Second
	}
	return answer.Error
}

// Load is how far a load of a file has come.
type Load struct {
	Key      string   `json:"key"`
	Producer uint64   `json:"producer"`
	Hashes   []uint64 `json:"hashes"` // of the blocks that were announced
	In       uint64   `json:"in"`     // blocks of these that are in for certain
	Rows     uint64   `json:"rows"`   // rows of the file in these
	Rejected uint64   `json:"rejected"`
	Done     bool     `json:"done"`
}

// OpenLoad begins a load, or returns how far it has come.
func (c *Client) OpenLoad(ctx context.Context, base, key string, again bool) (*Load, error) {
	var l Load
	return &l, c.post(ctx, "/v1/bases/"+url.PathEscape(base)+"/loads", map[string]any{"key": key, "again": again}, &l)
}

// Advance is how far a load comes on: blocks that will be sent next, and how much is in by now.
type Advance struct {
	Key      string   `json:"key"`
	Producer uint64   `json:"producer"`
	From     uint64   `json:"from"` // blocks announced before
	Hashes   []uint64 `json:"hashes"`
	In       uint64   `json:"in"`
	Rows     uint64   `json:"rows"`
	Rejected uint64   `json:"rejected"`
	Done     bool     `json:"done"`
}

// AdvanceLoad records how far a load has come. Blocks are announced before they are sent.
func (c *Client) AdvanceLoad(ctx context.Context, base string, by *Advance) error {
	var l Load
	return c.post(ctx, "/v1/bases/"+url.PathEscape(base)+"/loads/advance", by, &l)
}

// Block is one block of a load: an encoded change of contacts, or of events of one type.
type Block struct {
	Event    string // empty for contacts
	Producer uint64
	Number   uint64
	Schema   uint64 // version under which the change was made
	Change   []byte
}

// Written is what a block did.
type Written struct {
	Created    uint64 `json:"created"`
	Updated    uint64 `json:"updated"`
	Events     uint64 `json:"events"`
	Duplicates uint64 `json:"duplicates"`
	Repeated   uint64 `json:"repeated"` // rows that were in by an earlier sending of the block
}

// busyFor is how long a block is sent again while the server has no room for it, or recovers.
const busyFor = time.Minute

// SendBlock sends a block of a load. It may be sent again.
func (c *Client) SendBlock(ctx context.Context, base string, b Block) (*Written, error) {
	target := "contacts"
	if b.Event != "" {
		target = "events/" + url.PathEscape(b.Event)
	}
	path := fmt.Sprintf("/v1/bases/%s/%s?load=%d&block=%d&schema=%d", url.PathEscape(base), target, b.Producer, b.Number, b.Schema)
	var w Written
	for give := time.Now().Add(busyFor); ; {
		err := c.call(ctx, http.MethodPost, path, "application/vnd.muster.change", b.Change, &w)
		var busy *ServerError
		if !errors.As(err, &busy) || busy.RetryAfter == 0 || time.Now().Add(busy.RetryAfter).After(give) {
			return &w, err
		}
		select {
		case <-ctx.Done():
			return &w, ctx.Err()
		case <-time.After(busy.RetryAfter):
		}
	}
}

// Segment is what became of a static segment.
type Segment struct {
	Name     string `json:"segment"`
	Replaced bool   `json:"replaced"`
	Members  int64  `json:"members"`
	Unknown  int64  `json:"unknown"`  // ids of no contact
	Rejected int64  `json:"rejected"` // rows without an id
}

// FillSegment makes a static segment of rows in CSV with a column called id. It is made whole or not at all.
func (c *Client) FillSegment(ctx context.Context, base, segment string, replace bool, rows io.Reader) (*Segment, error) {
	path := "/v1/bases/" + url.PathEscape(base) + "/segments/" + url.PathEscape(segment)
	if replace {
		path += "?replace=true"
	}
	resp, err := c.do(ctx, http.MethodPost, path, "text/csv", rows)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var out Segment
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
		return nil, fmt.Errorf("the answer of %s cannot be read: %w", c.base, err)
	}
	return &out, nil
}

func (c *Client) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, "application/json", body, out)
}
