package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:7070": "", "http://localhost:7070/": "",
		"127.0.0.1:7070": "write it like", "https://127.0.0.1:7070": "no TLS", "": "write it like", "http://": "write it like", "ftp://x": "write it like", "http://%zz": "write it like",
	} {
		c, err := New(url)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", url, err, want)
		}
		if err == nil && strings.HasSuffix(c.URL(), "/") {
			t.Errorf("%q became %q", url, c.URL())
		}
	}
}

// TestAnswers holds how answers that are not what was asked for become errors.
func TestAnswers(t *testing.T) {
	var status int
	var contentType, body string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer srv.Close()
	c, err := New(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		status            int
		contentType, body string
		want              string
	}{
		{200, "text/csv; charset=utf-8", "a\n1\n", ""},
		{200, "text/html", "<html>", "is not Muster"},
		{404, "text/html", "<html>", "is not Muster"},
		{404, "application/json", `{"error":{"code":"UNKNOWN_NAME","message":"there is no base"}}`, "there is no base"},
		{404, "application/json", `{"detail":"Not Found"}`, "is not Muster"},
		{502, "application/json", strings.Repeat("x", 3<<20), "is not Muster"},
		{507, "application/json", `{"error":{"code":"UNAVAILABLE","message":"m","hint":"h","rendered":"as rendered"}}`, "as rendered"},
	} {
		status, contentType, body = tc.status, tc.contentType, tc.body
		a, err := c.Query(context.Background(), "shop", "COUNT", "csv")
		if err == nil {
			a.Body.Close()
		}
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%d %s: %v, want %q", tc.status, tc.contentType, err, tc.want)
		}
		var known *ServerError
		if err != nil && (!errors.As(err, &known) || known.Status != tc.status || len(err.Error()) > 1000) {
			t.Errorf("%d: the error is %T of %d bytes", tc.status, err, len(err.Error()))
		}
	}
	srv.Close()
	var gone *ConnectError
	if _, err := c.Schema(context.Background(), "shop"); !errors.As(err, &gone) {
		t.Errorf("a server that is gone: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Schema(ctx, "shop"); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that was given up: %v", err)
	}
}
