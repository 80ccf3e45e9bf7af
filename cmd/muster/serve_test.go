package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// at returns the shop of a process.
func (p *process) shop(t *testing.T, dir string) *shopBase { return &shopBase{t, p.url, dir} }

// TestDataFolderInUse holds that two servers never share a folder.
func TestDataFolderInUse(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := startProcess(t, dir)
	out := muster(t, exitFailed, "serve", "--data", dir, "--http", "127.0.0.1:0")
	mustSay(t, out, dir, fmt.Sprintf("in use by another Muster (process %d)", p.cmd.Process.Pid), "--data")
	if strings.Contains(out, "serves http") {
		t.Errorf("it serves all the same: %s", out)
	}
	p.kill(t)
	q := startProcess(t, dir) // the lock went with the process
	q.kill(t)
}

// TestGracefulStop stops a server by SIGTERM while a load and statements run: it ends by itself, nothing
// that was acknowledged is lost, and the load goes on after the restart.
func TestGracefulStop(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short: stops processes")
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	p := startProcess(t, data)
	s := p.shop(t, dir)
	muster(t, exitOK, "query", "--url", p.url, "-c", "CREATE BASE shop; USE shop; CREATE EVENT seen (n INT)")
	path := s.file("in.csv", contactsCSV(300_000))
	load := fmt.Sprintf("COPY seen FROM '%s' (contact = id, time = '2026-01-01', n = n)", path)
	ended := make(chan string, 2)
	background := func(statement string) {
		var out bytes.Buffer
		code := run(context.Background(), []string{"query", "--url", p.url, "--base", "shop", "--format", "csv", "-c", statement}, streams{out: io.Discard, err: &out})
		ended <- fmt.Sprint(code, out.String())
	}
	go background(load)
	time.Sleep(300 * time.Millisecond)
	go background("SELECT id, count(seen) FROM contacts")
	time.Sleep(20 * time.Millisecond)
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	t.Logf("stopped after %s", time.Since(begin).Round(time.Millisecond))
	for range 2 {
		t.Log(<-ended)
	}
	p = startProcess(t, data)
	s.url = p.url
	var out bytes.Buffer
	run(context.Background(), []string{"query", "--url", p.url, "--base", "shop", "-c", load}, streams{out: &out, err: &out})
	t.Log(out.String())
	s.is("COUNT count(seen) = 1", "300000")
	s.is("COUNT", "300000")
	p.kill(t)
}
