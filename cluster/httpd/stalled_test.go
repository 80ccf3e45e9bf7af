package httpd

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// connect sends the beginning of a request over a connection of its own, whose answer nobody reads yet.
func (d *door) connect(head, body string) net.Conn {
	d.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(d.url, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = c.Close() })
	if err := c.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		d.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(c, "%s HTTP/1.1\r\nHost: localhost\r\n%s", head, body); err != nil {
		d.t.Fatal(err)
	}
	return c
}

// running returns the number of the statement that runs, empty if none does.
func (d *door) running() string {
	number, _, _ := strings.Cut(strings.Split(d.must("", "SHOW QUERIES"), "\n")[0], ",")
	return number
}

// eventually waits until something is so.
func (d *door) eventually(what string, is func() bool) {
	d.t.Helper()
	for end := time.Now().Add(30 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			d.t.Fatalf("%s does not come to pass", what)
		}
	}
}

// TestKillOfStalledReader: KILL ends an export whose client does not read, and lets the shards go.
func TestKillOfStalledReader(t *testing.T) {
	d := seven(t)
	var rows strings.Builder
	rows.WriteString("id\n")
	for i := range 20_000 {
		fmt.Fprintf(&rows, "s%d\n", i)
	}
	d.post("/v1/bases/shop/contacts", "text/csv", []byte(rows.String())).result(t)
	wide := fmt.Sprintf("SELECT id, '%s' AS wide FROM contacts", strings.Repeat("x", 4000)) // 80 MB
	for _, format := range []string{"json", "ndjson", "csv", "arrow", "markdown"} {         // Parquet would hold the text once
		d.connect("POST /v1/query?base=shop&format="+format, fmt.Sprintf("Content-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(wide), wide))
		rows := "0"
		d.eventually("that "+format+" stalls", func() bool {
			before := rows
			time.Sleep(200 * time.Millisecond)
			if f := strings.Split(d.must("", "SHOW QUERIES"), ","); len(f) > 2 {
				rows = f[len(f)-2]
			}
			return rows != "0" && rows == before
		})
		d.must("", "KILL "+d.running())
		d.eventually("the end of "+format, func() bool { return d.running() == "" })
	}
	if got := d.must("shop", "SHOW STORAGE"); !strings.Contains(got, `shop,kept by pins,"",0`) {
		t.Errorf("pins are left over:\n%s", got)
	}
}

// TestKillOfStalledSender: KILL ends a segment whose client sends no more ids, whether he has begun or not, and
// tells him.
func TestKillOfStalledSender(t *testing.T) {
	d := seven(t)
	for _, sent := range []string{"", "id\n", "id\nc1\nc2\n", "id\n" + strings.Repeat("c1\n", 100_000)} {
		c := d.connect("POST /v1/bases/shop/segments/list", "Content-Type: text/csv\r\nContent-Length: 10000000\r\n\r\n"+sent)
		d.eventually("the begin", func() bool { return d.running() != "" })
		d.must("", "KILL "+d.running())
		if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatalf("after %d bytes: %v", len(sent), err)
		}
		body, _ := io.ReadAll(res.Body)
		if !strings.Contains(string(body), "killed by KILL") || !res.Close {
			t.Errorf("after %d bytes it answers %d %s, close %v", len(sent), res.StatusCode, body, res.Close)
		}
		_ = res.Body.Close()
		d.eventually("the end", func() bool { return d.running() == "" })
		if got := d.must("shop", "SHOW SEGMENTS"); got != "" {
			t.Errorf("a segment is left over: %s", got)
		}
	}
}

// TestConnectionAfterKill: a connection whose statement was killed while its client read serves the next one.
func TestConnectionAfterKill(t *testing.T) {
	p := patience{until: func(time.Time) error { return nil }}
	p.lose()
	var set []time.Time
	p.until = func(at time.Time) error { set = append(set, at); return nil }
	p.forgive()
	p.lose() // too late: the connection serves another request
	if len(set) != 1 || !set[0].IsZero() {
		t.Errorf("deadlines %v", set)
	}
}
