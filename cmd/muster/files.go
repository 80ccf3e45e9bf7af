package main

import (
	"fmt"
	"os"

	"golang.org/x/term"
)

// isTerminal says whether a stream is a terminal, on which progress may be drawn.
func isTerminal(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func makeDir(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the folder cannot be made: %w", err)
	}
	return nil
}

// writeFile writes a small file in one step.
func writeFile(path, text string) error {
	if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
