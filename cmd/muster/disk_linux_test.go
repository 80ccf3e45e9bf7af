package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFullDisk runs a server over a small volume and fills it: writes are refused with the reason, reads
// and deletes go on, and writing resumes when there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mounted := filepath.Join(dir, "small")
	if err := os.Mkdir(mounted, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=760m", "tmpfs", mounted).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a small volume cannot be mounted here (it takes root): %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "-l", mounted).CombinedOutput(); err != nil {
			t.Errorf("umount: %v %s", err, out)
		}
	})
	p := startProcess(t, filepath.Join(mounted, "data"))
	s := p.shop(t, dir)
	muster(t, exitOK, "query", "--url", p.url, "-c", "CREATE BASE shop; CREATE BASE extra")
	s.run(exitOK, "CREATE ATTRIBUTE n INT; CREATE ATTRIBUTE spare INT; CREATE EVENT seen (n INT); UPSERT CONTACT 'a' SET n = 1; UPSERT CONTACT 'b' SET n = 2")
	fill(t, filepath.Join(mounted, "filler"), filepath.Join(mounted), 100<<20)
	time.Sleep(200 * time.Millisecond) // a measurement serves for 100 ms

	for _, refused := range []string{
		"UPSERT CONTACT 'c' SET n = 3", "TRACK seen FOR 'a' (n = 1)", "CREATE BASE another", "CREATE ATTRIBUTE x INT", "CREATE EVENT e (x INT)",
	} {
		mustSay(t, s.run(exitFailed, refused), "almost full", "free some space", "reads and deletes still work")
	}
	resp, err := http.Post(p.url+"/v1/bases/shop/contacts", "text/csv", strings.NewReader("id,n\nd,4\n"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusInsufficientStorage {
		t.Errorf("a batch is answered %s, want 507", resp.Status)
	}
	file := s.file("in.csv", contactsCSV(100))
	mustSay(t, s.run(exitFailed, fmt.Sprintf("COPY contacts FROM '%s'", file)), "almost full")
	s.is("SELECT id, n FROM contacts ORDER BY id", "a,1\nb,2")
	for _, allowed := range []string{"DELETE CONTACT 'b'", "DELETE CONTACT 'b' NOW", "DROP ATTRIBUTE spare", "DROP EVENT seen", "DROP BASE extra"} {
		s.run(exitOK, allowed)
	}
	s.is("COUNT", "1")

	if err := os.Remove(filepath.Join(mounted, "filler")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(200 * time.Millisecond)
	s.run(exitOK, "UPSERT CONTACT 'c' SET n = 3")
	s.run(exitOK, fmt.Sprintf("COPY contacts FROM '%s'", file))
	s.is("COUNT", "102")
	p.kill(t)
	p = startProcess(t, filepath.Join(mounted, "data"))
	s.url = p.url
	s.is("COUNT", "102")
	p.kill(t)
}

// fill writes a file until the volume has fewer than some bytes below the server's watermark.
func fill(t *testing.T, path, volume string, below uint64) {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(volume, &st); err != nil {
		t.Fatal(err)
	}
	const watermark = 512 << 20
	free := st.Bavail * uint64(st.Bsize)
	if free < watermark {
		t.Fatalf("only %d MiB are free before anything was filled", free>>20)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, int64(free-watermark+below)); err != nil {
		t.Fatal(err)
	}
}
