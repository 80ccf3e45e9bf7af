package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// dataFormat is the version of the data folder's layout that this build writes and the newest it reads.
const dataFormat = 1

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
	text, err := json.Marshal(markerContent{"muster", dataFormat})
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("the data folder %s cannot be written: %w", dir, err)
	}
	return os.Rename(path+".tmp", path)
}
