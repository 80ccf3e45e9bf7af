// Package screens drives the shell as a person does, in windows of tmux, and holds what is on them. It has no
// code but tests.
package screens

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// window is a terminal with a POSIX shell in it, in which muster is this binary.
type window struct {
	t      *testing.T
	socket string
	home   string
	log    strings.Builder // the screens of the transcript
}

// How long a text may take to appear, and how often it is looked for.
const (
	patience = 15 * time.Second
	glance   = 15 * time.Millisecond
)

// open opens a window of that size.
func open(t *testing.T, s *server, width, height int, env ...string) *window {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("SKIPPED: there is no tmux to drive the shell with; apt-get install tmux")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &window{t: t, socket: filepath.Join(t.TempDir(), "tmux"), home: t.TempDir()}
	vars := append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.home, "LANG=C.UTF-8", "TERM=screen-256color", "PS1=$ ", "EXE=" + exe,
		asShell + "=1", "MUSTER_URL=" + s.url, "INPUTRC=/dev/null", "LESSHISTFILE=-",
	}, env...)
	args := []string{"-S", w.socket, "-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), "-c", w.home, "env", "-i"}
	args = append(append(args, vars...), "sh", "-i")
	cmd := exec.Command("tmux", args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: tmux opens no window here: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("tmux", "-S", w.socket, "kill-server").Run() })
	w.wait("$")
	w.enter(`muster() { "$EXE" "$@"; }`)
	w.clearShell()
	return w
}

// tmux runs a command of the window's tmux.
func (w *window) tmux(args ...string) string {
	w.t.Helper()
	out, err := exec.Command("tmux", append([]string{"-S", w.socket}, args...)...).CombinedOutput()
	if err != nil {
		w.t.Fatalf("tmux %v: %v: %s", args, err, out)
	}
	return string(out)
}

// keys presses keys by their names.
func (w *window) keys(names ...string) {
	w.t.Helper()
	w.tmux(append([]string{"send-keys"}, names...)...)
}

// write types a text. A semicolon at the end of an argument is tmux's own unless it is escaped.
func (w *window) write(text string) {
	w.t.Helper()
	if rest, ok := strings.CutSuffix(text, ";"); ok {
		text = rest + `\;`
	}
	w.tmux("send-keys", "-l", text)
}

// enter types a line.
func (w *window) enter(text string) {
	w.t.Helper()
	w.write(text)
	w.keys("Enter")
}

// paste pastes a text as terminals do, in brackets.
func (w *window) paste(text string) {
	w.t.Helper()
	path := filepath.Join(w.home, "paste")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	w.tmux("load-buffer", path)
	w.tmux("paste-buffer", "-p")
}

// screen returns what is on the screen, masked, without what is blank at its end.
func (w *window) screen() string {
	w.t.Helper()
	lines := strings.Split(w.tmux("capture-pane", "-p"), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return masked(strings.TrimRight(strings.Join(lines, "\n"), "\n")) + "\n"
}

// wait waits until a text is on the screen.
func (w *window) wait(text string) {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(glance) {
		got := w.screen()
		if strings.Contains(got, text) {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("%q does not appear:\n%s", text, got)
		}
	}
}

// waitFor waits until the screen is as it should be.
func (w *window) waitFor(what string, ok func(screen string) bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(glance) {
		got := w.screen()
		if ok(got) {
			return
		}
		if time.Now().After(end) {
			w.t.Fatalf("it never comes to this: %s:\n%s", what, got)
		}
	}
}

// prompt waits until the shell waits for input, with nothing typed.
func (w *window) prompt() {
	w.t.Helper()
	w.waitFor("a prompt", func(s string) bool { return strings.HasSuffix(s, "\nshop>\n") || s == "shop>\n" })
}

// ask types a line and waits for a text and then the prompt.
func (w *window) ask(line, text string) {
	w.t.Helper()
	w.enter(line)
	w.wait(text)
	w.prompt()
}

// clear empties the screen but for the prompt.
func (w *window) clear() {
	w.t.Helper()
	w.keys("C-l")
	w.waitFor("an empty screen", func(s string) bool { return s == "shop>\n" })
}

// clearShell empties the screen of the POSIX shell.
func (w *window) clearShell() {
	w.t.Helper()
	w.enter("clear")
	w.waitFor("an empty screen", func(s string) bool { return s == "$\n" })
}

// shellPrompt waits until the POSIX shell waits.
func (w *window) shellPrompt() {
	w.t.Helper()
	w.waitFor("the prompt of sh", func(s string) bool { return strings.HasSuffix(s, "$\n") })
}

// note takes the screen into the transcript.
func (w *window) note(title string) string {
	w.t.Helper()
	got := w.screen()
	fmt.Fprintf(&w.log, "==== %s\n%s", title, got)
	return got
}

// start starts the shell on its base, where the POSIX shell waits.
func (w *window) start() {
	w.t.Helper()
	w.shellPrompt()
	w.enter("muster shell --base shop")
	w.wait("Ctrl-D leaves.")
	w.prompt()
}
