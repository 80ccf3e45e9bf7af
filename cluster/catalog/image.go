package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/musterdb/muster/cluster/replica"
)

// image is the state as JSON, made at once because it is small: a few hundred bytes for a base, eight
// for 8,192 loaded rows.
type image struct{ bytes.Buffer }

// Release does nothing: an image is a copy.
func (*image) Release() {}

// Snapshot returns the state's image.
func (c *Catalog) Snapshot() (replica.Image, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	img := &image{}
	if err := json.NewEncoder(img).Encode(&c.st); err != nil {
		return nil, fmt.Errorf("encode the catalog: %w", err)
	}
	return img, nil
}

// Restore replaces the state by an image's.
func (c *Catalog) Restore(r io.Reader) error {
	st := newState()
	if err := json.NewDecoder(r).Decode(&st); err != nil {
		return fmt.Errorf("decode the catalog: %w", err)
	}
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.st, c.byProducer = st, make(map[uint64]*Load, len(st.Loads))
	for _, l := range st.Loads {
		c.byProducer[l.Producer] = l
	}
	return nil
}
