package httpd

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// alive fails unless the server answers.
func (d *door) alive() {
	d.t.Helper()
	if r := d.send("GET", "/readyz", nil); r.status != 200 {
		d.t.Fatalf("the server is not well: %d %s", r.status, r.body)
	}
	d.must("shop", "COUNT")
}

// peak runs f and returns how far the heap grew beyond what was in use before, in bytes.
func peak(f func()) uint64 {
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	stop, done := make(chan struct{}), make(chan uint64)
	go func() {
		most := uint64(0)
		for {
			select {
			case <-stop:
				done <- most
				return
			case <-time.After(5 * time.Millisecond):
				runtime.ReadMemStats(&now)
				if now.HeapInuse > before.HeapInuse {
					most = max(most, now.HeapInuse-before.HeapInuse)
				}
			}
		}
	}()
	f()
	close(stop)
	return <-done
}

// bomb returns a gzip stream of a few MB that is gigabytes when unpacked: members of zeros, again and
// again.
func bomb(member []byte, times int) []byte {
	var one bytes.Buffer
	z, _ := gzip.NewWriterLevel(&one, gzip.BestCompression)
	for range 64 {
		_, _ = z.Write(member)
	}
	_ = z.Close()
	return bytes.Repeat(one.Bytes(), times)
}

func TestBombs(t *testing.T) {
	d := openDoor(t)
	mib := 1 << 20
	zeros := bomb(bytes.Repeat([]byte(" "), mib), 160) // 10 MB that are 10 GB
	var z bytes.Buffer
	enc, _ := zstd.NewWriter(&z)
	for range 1024 {
		_, _ = enc.Write(make([]byte, mib))
	}
	_ = enc.Close()
	if len(zeros) < 8*mib {
		t.Fatalf("the bomb has only %d bytes", len(zeros))
	}
	most := peak(func() {
		for _, contentType := range []string{ndjsonType, jsonType, csvType, arrowType, parquetType} {
			for name, body := range map[string][]byte{"gzip": zeros, "zstd": z.Bytes()} {
				r := d.post(contactsPath, contentType, body, "Content-Encoding", name)
				if r.status != http.StatusRequestEntityTooLarge && r.status != http.StatusBadRequest {
					t.Errorf("%s %s: %d %.200s", contentType, name, r.status, r.body)
				}
				r.problem(t)
			}
		}
	})
	t.Logf("heap grew by %d MiB at most", most>>20)
	if most > 800<<20 {
		t.Errorf("the heap grew by %d MiB", most>>20)
	}
	d.alive()
	d.is("COUNT", "0")
}

// TestHostileColumnar sends Arrow streams and Parquet files of which bytes were changed, and ones that
// claim to be enormous.
func TestHostileColumnar(t *testing.T) {
	d := openDoor(t)
	d.post(contactsPath, ndjsonType, []byte(`{"id":"a","n":1,"s":["x"],"t":"y"}`+"\n"+`{"id":"b","d":1.5}`)).result(t)
	stream, file := d.columnar("SELECT id, n, s, t, d FROM contacts")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	most := peak(func() {
		for range 300 {
			for contentType, whole := range map[string][]byte{arrowType: stream, parquetType: file} {
				d.mangled(contentType, bytes.Clone(whole), r)
			}
		}
	})
	t.Logf("heap grew by %d MiB at most", most>>20)
	if most > 1<<30 {
		t.Errorf("the heap grew by %d MiB", most>>20)
	}
	d.alive()
}

// mangled sends a body after changing it; any answer will do.
func (d *door) mangled(contentType string, body []byte, r *rand.Rand) {
	switch r.IntN(4) {
	case 0:
		body = body[:r.IntN(len(body))]
	case 1:
		binary.LittleEndian.PutUint32(body[r.IntN(len(body)-4):], 0x7fffffff)
	case 2: // the length of the footer, or of the last message
		binary.LittleEndian.PutUint32(body[len(body)-8:], r.Uint32())
	default:
		for range 1 + r.IntN(8) {
			body[r.IntN(len(body))] = byte(r.Uint32())
		}
	}
	resp := d.post(contactsPath, contentType, body)
	if resp.status != 200 && resp.status >= 500 {
		d.t.Errorf("%s: %d %.300s", contentType, resp.status, resp.body)
	}
}

// TestHostileStatements holds that texts made to break a parser are errors.
func TestHostileStatements(t *testing.T) {
	d := openDoor(t)
	for name, c := range map[string]struct {
		text   string
		status int
	}{
		"100,000 brackets":       {"COUNT " + strings.Repeat("(", 100_000) + "a = 1" + strings.Repeat(")", 100_000), 413},
		"100,000 open brackets":  {"COUNT " + strings.Repeat("(", 100_000), 413},
		"100,000 NOTs":           {"COUNT " + strings.Repeat("NOT ", 100_000) + "a = 1", 413},
		"100,000 squares":        {"COUNT " + strings.Repeat("DID a[", 100_000), 413},
		"12 MB":                  {"COUNT a = 1 --" + strings.Repeat("x", 12_000_000), 413},
		"an identifier of 1 MB":  {"COUNT " + strings.Repeat("x", 1_000_000) + " = 1", 413},
		"a quoted one of 1 MB":   {"COUNT \"" + strings.Repeat("x", 1_000_000) + "\" = 1", 413},
		"a text that never ends": {"COUNT a = '" + strings.Repeat("x", 1_000_000), 400},
		"a number of 1 MB":       {"COUNT a = " + strings.Repeat("9", 1_000_000), 0},
		"a million ORs":          {"COUNT a = 1" + strings.Repeat(" OR a = 1", 400_000), 0},
		"not UTF-8":              {"COUNT a = '\xff\xfe'", 400},
		"zero bytes":             {"COUNT \x00\x00", 400},
		"200,000 in a list":      {"COUNT a IN (1" + strings.Repeat(",1", 200_000) + ")", 413},
	} {
		begin := time.Now()
		r := d.ask("shop", c.text, "json")
		p := r.problem(t)
		if c.status != 0 && r.status != c.status || r.status >= 500 {
			t.Errorf("%s: %d %s %.200s", name, r.status, p.Code, p.Message)
		}
		if len(r.body) > 10_000 {
			t.Errorf("%s: the error has %d bytes", name, len(r.body))
		}
		if took := time.Since(begin); took > 30*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
	d.alive()
}

// TestHostileBodies sends JSON, CSV and blocks of loads made to break what reads them.
func TestHostileBodies(t *testing.T) {
	d := openDoor(t)
	deep := strings.Repeat(`{"a":`, 100_000)
	var keys strings.Builder
	keys.WriteString(`{"id":"x"`)
	for i := range 5000 {
		keys.WriteString(`,"k` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26%200) + `":1`)
	}
	keys.WriteString("}")
	const block = "?load=1&block=0&schema=1"
	for name, c := range map[string][3]string{
		"deep NDJSON":          {contactsPath, ndjsonType, deep},
		"deep JSON":            {contactsPath, jsonType, "[" + deep},
		"deep arrays":          {contactsPath, jsonType, strings.Repeat("[", 1_000_000)},
		"5,000 keys":           {contactsPath, ndjsonType, keys.String()},
		"100,000 columns":      {contactsPath, csvType, "id" + strings.Repeat(",c", 100_000) + "\n"},
		"a quote never closed": {contactsPath, csvType, "id,n\n\"" + strings.Repeat("x\n", 3_000_000)},
		"one line":             {contactsPath, ndjsonType, `{"id":"` + strings.Repeat("x", 40<<20)},
		"a block of zeros":     {contactsPath + block, "application/vnd.muster.change", strings.Repeat("\x00", 1000)},
		"a block of ones":      {contactsPath + block, "application/vnd.muster.change", strings.Repeat("\xff", 1000)},
		"an empty block":       {contactsPath + block, "application/vnd.muster.change", ""},
		"a block far away":     {contactsPath + "?load=1&block=18446744073709551615&schema=1", "application/vnd.muster.change", ""},
		"a load of nothing":    {"/v1/bases/shop/loads", jsonType, "{}"},
		"an advance of none":   {"/v1/bases/shop/loads/advance", jsonType, `{"key":"x","hashes":[1,2]}`},
		"a load that is text":  {"/v1/bases/shop/loads", jsonType, `"key"`},
	} {
		r := d.post(c[0], c[1], []byte(c[2]))
		if r.status >= 500 {
			t.Errorf("%s: %d %.300s", name, r.status, r.body)
		}
		if len(r.body) > 200_000 {
			t.Errorf("%s: the answer has %d bytes", name, len(r.body))
		}
	}
	d.alive()
	d.is("COUNT", "0")
}

// TestBodyThatBreaks holds that a connection which ends in the middle of a body takes no rows of a
// JSON array that is not whole in the same batch of the reader.
func TestBodyThatBreaks(t *testing.T) {
	d := openDoor(t)
	pr, pw := io.Pipe()
	go func() {
		_, _ = pw.Write([]byte(`[{"id":"a"},`))
		_ = pw.CloseWithError(io.ErrUnexpectedEOF)
	}()
	req, _ := http.NewRequest(http.MethodPost, d.url+contactsPath, pr)
	req.Header.Set("Content-Type", jsonType)
	if resp, err := http.DefaultClient.Do(req); err == nil {
		t.Errorf("a broken body was answered: %s", resp.Status)
	}
	d.alive()
	d.is("COUNT", "0")
}
