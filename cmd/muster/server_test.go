package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/musterdb/muster/bench/shop"
	"github.com/musterdb/muster/cluster/api"
	"github.com/musterdb/muster/cluster/httpd"
	"github.com/musterdb/muster/cluster/node"
	"github.com/musterdb/muster/cmd/internal/render"
	"github.com/musterdb/muster/cmd/internal/synthetic"
)

// testServer serves an ephemeral node in this process and returns its URL.
func testServer(t *testing.T) string {
	t.Helper()
	return filledServer(t, func(*api.Service) error { return nil })
}

// demoServer is a server with a small shop, as muster demo has it.
func demoServer(t *testing.T) string {
	t.Helper()
	return filledServer(t, func(svc *api.Service) error {
		cfg := shop.Config{Seed: 1, Contacts: 2000, Clock: time.Now().UTC()}
		return synthetic.LoadShop(t.Context(), svc, demoBase, cfg, render.NewProgress(io.Discard, false))
	})
}

func filledServer(t *testing.T, fill func(*api.Service) error) string {
	t.Helper()
	n, err := node.Open(node.Config{})
	if err != nil {
		t.Fatal(err)
	}
	svc := api.New(n, api.Config{})
	if err := fill(svc); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(httpd.New(svc, httpd.Config{Version: "test"}))
	t.Cleanup(func() {
		srv.Close()
		if err := n.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return srv.URL
}

// binary builds the command once for all tests that need a process of its own.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "muster-test-*")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "muster")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// process is a server in a process of its own.
type process struct {
	cmd *exec.Cmd
	url string
}

var servesAt = regexp.MustCompile(`serves (http://\S+)`)

// startProcess starts a server over a data folder and waits until it serves.
func startProcess(t *testing.T, dir string) *process {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "serve", "--data", dir, "--http", "127.0.0.1:0", "--log", "warn")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	urls := make(chan string, 1)
	var said []string
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			said = append(said, lines.Text())
			if m := servesAt.FindStringSubmatch(lines.Text()); m != nil {
				urls <- m[1]
			}
		}
		close(urls)
	}()
	select {
	case url, ok := <-urls:
		if !ok {
			t.Fatalf("the server ended at its start: %q", said)
		}
		return &process{cmd, url}
	case <-time.After(60 * time.Second):
		t.Fatal("the server does not serve after a minute")
		return nil
	}
}

// kill ends the process as a power cut of the process would: no handler runs.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
}
