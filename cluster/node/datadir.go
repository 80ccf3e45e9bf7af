package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// dataFormat is the version of the data folder that this build writes and the newest it reads: of its layout, and
// of all that lies in its logs and images. It rises with any of them, because a program that cannot read a
// command of a log must not begin with the folder at all: it would pass over the command and write an image
// of what is left.
//
// 1 is before there were segments.
const dataFormat = 2

// marker is the file that makes a folder a data folder of Muster.
const marker = "muster.json"

// markerContent is what the marker says.
type markerContent struct {
	Product string `json:"product"`
	Format  int    `json:"format"`
}

// openDataDir makes or checks the data folder: it must be empty, or one of ours of a version that this
// build can read. That no other process uses it is for the groups' locks to say.
func openDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the data folder %s cannot be made: %w", dir, err)
	}
	path := filepath.Join(dir, marker)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return initDataDir(dir, path)
	}
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be read: %w", dir, err)
	}
	var m markerContent
	if err := json.Unmarshal(text, &m); err != nil || m.Product != "muster" {
		return fmt.Errorf("%s is not a marker of Muster; restore it from a backup or choose another data folder", path)
	}
	if m.Format > dataFormat {
		return fmt.Errorf("the data folder %s has format %d, which a newer Muster wrote; this one reads up to format %d: start the newer version, or choose another folder",
			dir, m.Format, dataFormat)
	}
	if m.Format < dataFormat {
		return writeMarker(dir, path) // from now on older programs must leave the folder alone
	}
	return nil
}

// initDataDir makes an empty folder a data folder.
func initDataDir(dir, path string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("the data folder %s cannot be read: %w", dir, err)
	}
	for _, e := range entries {
		if e.Name() != lockName {
			return fmt.Errorf("the folder %s is not empty and not a data folder of Muster (it has %s); choose an empty or a new one", dir, e.Name())
		}
	}
	return writeMarker(dir, path)
}

// writeMarker marks a folder as of this build's version and returns when that is durable.
func writeMarker(dir, path string) error {
	text, err := json.Marshal(markerContent{"muster", dataFormat})
	if err != nil {
		return err
	}
	if err := replaceFile(path, append(text, '\n')); err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
	}
	return nil
}

// replaceFile puts a file in the place of another, durably.
func replaceFile(path string, text []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
