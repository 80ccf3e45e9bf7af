package shell

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Bounds of the history.
const (
	maxHistory      = 10_000  // entries that are read at the start; the file is cut to them
	maxHistoryEntry = 1 << 20 // bytes of an entry; longer ones are not kept
)

// history is what was typed, whole statements, the oldest first. It is kept in a file that all shells of a
// user append to, one JSON text a line. Without a file, or if it cannot be used, it lives with the shell.
type history struct {
	path    string
	entries []string
}

// historyFile returns where the history is kept: MUSTER_HISTORY, else by the XDG rules; empty if there is
// no home to keep it in.
func historyFile(getenv func(string) string) string {
	if path := getenv("MUSTER_HISTORY"); path != "" {
		return path
	}
	if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "muster", "history")
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "muster", "history")
	}
	return ""
}

// openHistory reads the history. What cannot be read is passed over: it must never keep a shell from
// starting.
func openHistory(path string) *history {
	h := &history{path: path}
	text, err := os.ReadFile(path)
	if err != nil {
		return h
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 2*maxHistoryEntry+1024)
	read := 0
	for lines.Scan() {
		var entry string
		read++
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry != "" {
			h.entries = append(h.entries, entry)
		}
	}
	if n := len(h.entries) - maxHistory; n > 0 {
		h.entries = h.entries[n:]
	}
	if read > 2*maxHistory {
		h.rewrite()
	}
	return h
}

// add appends an entry, unless it is the last one again.
func (h *history) add(text string) error {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxHistoryEntry || len(h.entries) > 0 && h.entries[len(h.entries)-1] == text {
		return nil
	}
	h.entries = append(h.entries, text)
	if h.path == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(h.path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(encodeEntry(text))
	return errors.Join(err, f.Close())
}

// latest returns the places of the latest different entries that match a text, a regular expression or a part
// of the entry, whatever its case.
func (h *history) latest(text string, most int) map[int]bool {
	pattern, err := regexp.Compile("(?i)" + text)
	if err != nil {
		pattern = regexp.MustCompile("(?i)" + regexp.QuoteMeta(text))
	}
	found, seen := map[int]bool{}, map[string]bool{}
	for i := len(h.entries) - 1; i >= 0 && len(found) < most; i-- {
		if e := h.entries[i]; !seen[e] && pattern.MatchString(e) {
			found[i], seen[e] = true, true
		}
	}
	return found
}

func encodeEntry(text string) []byte {
	line, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return append(line, '\n')
}

// rewrite cuts the file to the entries that are kept. That it fails is no harm.
func (h *history) rewrite() {
	var b bytes.Buffer
	for _, e := range h.entries {
		b.Write(encodeEntry(e))
	}
	temp := h.path + ".tmp"
	if os.WriteFile(temp, b.Bytes(), 0o600) == nil {
		_ = os.Rename(temp, h.path)
	}
}
