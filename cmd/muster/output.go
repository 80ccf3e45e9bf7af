package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// output is where the answers of a run go. A file appears under its name, in place of an older one, only
// when all statements have succeeded.
type output struct {
	*bufio.Writer
	path string
	temp *os.File // nil: standard output, or something that is no regular file
	file *os.File
}

// createOutput begins the output to a file, to standard output if path is empty.
func createOutput(path string, standard io.Writer) (*output, error) {
	if path == "" {
		return &output{Writer: bufio.NewWriterSize(standard, 1<<16)}, nil
	}
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() && !st.IsDir() { // a pipe or a device cannot be replaced
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, usagef("the answers cannot be written to %s: %v", path, err)
		}
		return &output{Writer: bufio.NewWriterSize(f, 1<<16), file: f}, nil
	}
	if err == nil && st.IsDir() {
		return nil, usagef("the answers cannot be written to %s: it is a folder; name a file in it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err != nil {
		return nil, usagef("the answers cannot be written to %s: %v; -o names a file in a folder that exists", path, errors.Unwrap(err))
	}
	return &output{Writer: bufio.NewWriterSize(f, 1<<16), path: path, temp: f, file: f}, nil
}

// commit ends the output and gives the file its name.
func (o *output) commit() error {
	err := o.Flush()
	if o.file == nil {
		return err
	}
	if o.temp != nil {
		err = errors.Join(err, o.temp.Chmod(0o644))
	}
	err = errors.Join(err, o.file.Close())
	if err == nil && o.temp != nil {
		err = os.Rename(o.temp.Name(), o.path)
	}
	if err != nil && o.temp != nil {
		_ = os.Remove(o.temp.Name())
	}
	if err != nil {
		return fmt.Errorf("the answers cannot be written: %w", err)
	}
	return nil
}

// abort ends the output of a run that failed. What went to standard output stays; a file does not appear.
func (o *output) abort() error {
	if o.temp == nil {
		return o.commit()
	}
	return errors.Join(o.temp.Close(), os.Remove(o.temp.Name()))
}
