package replica

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
)

// imageFS keeps images by id: a state file and a manifest each. An image
// exists from publish on; what create began and publish did not finish is
// gone at the next start.
type imageFS interface {
	// create begins a state file.
	create(id string) (imageFile, error)
	// publish makes an image durable and visible. Its state file is closed.
	publish(id string, manifest []byte) error
	// discard removes what create began.
	discard(id string)
	// list returns the ids of published images in ascending order.
	list() ([]string, error)
	manifest(id string) ([]byte, error)
	state(id string) (io.ReadCloser, error)
	// remove deletes an image; it is not listed again even after a crash.
	remove(id string) error
	// setAside keeps a damaged image for inspection, unlisted.
	setAside(id string) error
	// removeAside deletes what setAside kept.
	removeAside() error
	// path names the state file and the manifest in errors.
	path(id, file string) string
}

// imageFile is a state file being written.
type imageFile interface {
	io.WriteCloser
	Sync() error
}

const (
	stateName     = "state"
	manifestName  = "manifest"
	tmpSuffix     = ".tmp"
	damagedSuffix = ".damaged"
)

// diskImages keeps each image in a directory of its own under root.
type diskImages struct {
	root string
}

// openDiskImages creates root and removes unfinished images.
func openDiskImages(root string) (*diskImages, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, err
	}
	d := &diskImages{root: root}
	return d, d.removeSuffix(tmpSuffix)
}

func (d *diskImages) removeSuffix(suffix string) error {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			if err := os.RemoveAll(filepath.Join(d.root, e.Name())); err != nil {
				return err
			}
		}
	}
	return syncDir(d.root)
}

func (d *diskImages) path(id, file string) string { return filepath.Join(d.root, id, file) }

func (d *diskImages) create(id string) (imageFile, error) {
	dir := filepath.Join(d.root, id+tmpSuffix)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(dir, stateName), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

// diskFile syncs without the times, which nobody reads.
type diskFile struct{ *os.File }

func (f diskFile) Sync() error { return datasync(f.File) }

func (d *diskImages) publish(id string, manifest []byte) error {
	tmp := filepath.Join(d.root, id+tmpSuffix)
	if err := writeDurably(filepath.Join(tmp, manifestName), manifest); err != nil {
		return err
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(d.root, id)); err != nil {
		return err
	}
	return syncDir(d.root)
}

func (d *diskImages) discard(id string) { _ = os.RemoveAll(filepath.Join(d.root, id+tmpSuffix)) }

func (d *diskImages) list() ([]string, error) {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		if e.IsDir() && !strings.Contains(e.Name(), ".") {
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}

func (d *diskImages) manifest(id string) ([]byte, error) {
	f, err := os.Open(d.path(id, manifestName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxManifest+1))
}

func (d *diskImages) state(id string) (io.ReadCloser, error) { return os.Open(d.path(id, stateName)) }

// remove renames first, so that a crash never leaves half an image listed.
func (d *diskImages) remove(id string) error {
	if err := os.Rename(filepath.Join(d.root, id), filepath.Join(d.root, id+tmpSuffix)); err != nil {
		return err
	}
	if err := syncDir(d.root); err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(d.root, id+tmpSuffix)); err != nil {
		return err
	}
	return syncDir(d.root)
}

func (d *diskImages) setAside(id string) error {
	to := filepath.Join(d.root, id+damagedSuffix)
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(d.root, id), to); err != nil {
		return err
	}
	return syncDir(d.root)
}

func (d *diskImages) removeAside() error { return d.removeSuffix(damagedSuffix) }

func writeDurably(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, syncAndClose(f))
}

func syncAndClose(f *os.File) error { return errors.Join(f.Sync(), f.Close()) }

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return syncAndClose(f)
}

// memImages keeps images of an ephemeral group in memory.
type memImages struct {
	mu      sync.Mutex
	open    map[string]*memFile
	images  map[string]memImage
	damaged map[string]memImage
}

type memImage struct {
	state, manifest []byte
}

type memFile struct{ bytes.Buffer }

func (*memFile) Sync() error  { return nil }
func (*memFile) Close() error { return nil }

func newMemImages() *memImages {
	return &memImages{open: map[string]*memFile{}, images: map[string]memImage{}, damaged: map[string]memImage{}}
}

func (m *memImages) path(id, file string) string { return "memory:" + id + "/" + file }

func (m *memImages) create(id string) (imageFile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := new(memFile)
	m.open[id] = f
	return f, nil
}

func (m *memImages) publish(id string, manifest []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.open[id]
	if f == nil {
		return fmt.Errorf("image %s: %w", id, fs.ErrNotExist)
	}
	delete(m.open, id)
	m.images[id] = memImage{state: f.Bytes(), manifest: manifest}
	return nil
}

func (m *memImages) discard(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, id)
}

func (m *memImages) list() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ids := make([]string, 0, len(m.images))
	for id := range m.images {
		ids = append(ids, id)
	}
	sort.Strings(ids)
	return ids, nil
}

func (m *memImages) get(id string) (memImage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	img, ok := m.images[id]
	if !ok {
		return img, fmt.Errorf("image %s: %w", id, fs.ErrNotExist)
	}
	return img, nil
}

func (m *memImages) manifest(id string) ([]byte, error) {
	img, err := m.get(id)
	return img.manifest, err
}

func (m *memImages) state(id string) (io.ReadCloser, error) {
	img, err := m.get(id)
	return io.NopCloser(bytes.NewReader(img.state)), err
}

func (m *memImages) remove(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.images, id)
	return nil
}

func (m *memImages) setAside(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.damaged[id] = m.images[id]
	delete(m.images, id)
	return nil
}

func (m *memImages) removeAside() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.damaged)
	return nil
}
