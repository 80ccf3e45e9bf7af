package replica

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

// retainedImages is how many images are kept: the newest, and the one before
// it in case the newest turns out to be damaged.
const retainedImages = 2

// syncEvery is how many bytes of an image are written between two fdatasyncs:
// small enough that a log write beside it does not wait for a long flush.
const syncEvery = 4 << 20

// imageStore is the snapshot store raft writes to and reads from.
type imageStore struct {
	group string
	fs    imageFS
	rate  int64       // bytes a second of paced images
	paced atomic.Bool // whether the image being written is paced
	stop  chan struct{}

	mu      sync.Mutex
	restart *raft.SnapshotMeta // what List says while raft starts, see asRestored
}

func newImageStore(group string, fsys imageFS, rate int64) *imageStore {
	return &imageStore{group: group, fs: fsys, rate: rate, stop: make(chan struct{})}
}

// imageID sorts by index, then term.
func imageID(index, term uint64) string { return fmt.Sprintf("%020d-%020d", index, term) }

func parseImageID(id string) (index, term uint64) {
	_, _ = fmt.Sscanf(id, "%020d-%020d", &index, &term)
	return index, term
}

// asRestored makes List report one image at meta, until called with nil. The
// state machine has been brought to meta.Index by image and log before raft
// starts; raft only has to know how far it is.
func (s *imageStore) asRestored(meta *raft.SnapshotMeta) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restart = meta
}

// Create implements raft.SnapshotStore.
func (s *imageStore) Create(version raft.SnapshotVersion, index, term uint64, conf raft.Configuration, confIndex uint64, _ raft.Transport) (raft.SnapshotSink, error) {
	if version != raft.SnapshotVersionMax {
		return nil, fmt.Errorf("replica: snapshot version %d is not supported", version)
	}
	id := imageID(index, term)
	file, err := s.fs.create(id)
	if err != nil {
		return nil, fmt.Errorf("creating image %s: %w", s.fs.path(id, stateName), err)
	}
	sink := &imageSink{
		store: s, id: id, paced: s.paced.Load(),
		meta: manifest{group: s.group, index: index, term: term, fsmIndex: index, configIndex: confIndex, config: raft.EncodeConfiguration(conf)},
		out:  &pacedFile{file: file, rate: s.rate, stop: s.stop},
	}
	if !sink.paced {
		sink.out.rate = 0
	}
	if sink.frames, err = newFrameWriter(sink.out); err != nil {
		return nil, errors.Join(err, sink.Cancel())
	}
	return sink, nil
}

// List implements raft.SnapshotStore: newest first, damaged manifests left out.
func (s *imageStore) List() ([]*raft.SnapshotMeta, error) {
	s.mu.Lock()
	restart := s.restart
	s.mu.Unlock()
	if restart != nil {
		return []*raft.SnapshotMeta{restart}, nil
	}
	ids, err := s.fs.list()
	if err != nil {
		return nil, err
	}
	var metas []*raft.SnapshotMeta
	for i := len(ids) - 1; i >= 0; i-- {
		if m, err := s.load(ids[i]); err == nil {
			metas = append(metas, m.raftMeta(ids[i]))
		}
	}
	return metas, nil
}

// Open implements raft.SnapshotStore. What is read is verified on the way.
func (s *imageStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	m, err := s.load(id)
	if err != nil {
		return nil, nil, err
	}
	r, err := s.read(id, m)
	if err != nil {
		return nil, nil, err
	}
	return m.raftMeta(id), r, nil
}

func (s *imageStore) load(id string) (*manifest, error) {
	b, err := s.fs.manifest(id)
	if err != nil {
		return nil, err
	}
	m, err := decodeManifest(b)
	if err != nil {
		return nil, err
	}
	if m.group != s.group || imageID(m.index, m.term) != id {
		return nil, fmt.Errorf("%w: it belongs to group %q, image %s", errManifest, m.group, imageID(m.index, m.term))
	}
	return m, nil
}

// verifiedState closes the file under a frameReader.
type verifiedState struct {
	*frameReader
	io.Closer
}

func (s *imageStore) read(id string, m *manifest) (verifiedState, error) {
	f, err := s.fs.state(id)
	if err != nil {
		return verifiedState{}, err
	}
	return verifiedState{newFrameReader(f, m.totals), f}, nil
}

// prune removes all but the newest keep images and returns the index of the
// oldest one left, or 0 if fewer than keep exist. What was set aside as
// damaged goes too: a newer image exists now.
func (s *imageStore) prune(keep int) (oldest uint64, err error) {
	ids, err := s.fs.list()
	if err != nil {
		return 0, err
	}
	for len(ids) > keep {
		if err := s.fs.remove(ids[0]); err != nil {
			return 0, err
		}
		ids = ids[1:]
	}
	if err := s.fs.removeAside(); err != nil {
		return 0, err
	}
	if len(ids) < keep {
		return 0, nil
	}
	oldest, _ = parseImageID(ids[0])
	return oldest, nil
}

// newest returns the manifest of the newest image, nil if there is none.
func (s *imageStore) newest() *manifest {
	ids, err := s.fs.list()
	if err != nil || len(ids) == 0 {
		return nil
	}
	m, err := s.load(ids[len(ids)-1])
	if err != nil {
		return nil
	}
	return m
}

// abort makes images being written fail soon.
func (s *imageStore) abort() { close(s.stop) }

func (m *manifest) raftMeta(id string) *raft.SnapshotMeta {
	return &raft.SnapshotMeta{
		Version: raft.SnapshotVersionMax, ID: id, Index: m.index, Term: m.term,
		Configuration: raft.DecodeConfiguration(m.config), ConfigurationIndex: m.configIndex,
		Size: int64(m.bytes),
	}
}

// imageSink writes one image. Close publishes it, Cancel removes it.
type imageSink struct {
	store  *imageStore
	id     string
	meta   manifest
	out    *pacedFile
	frames *frameWriter
	paced  bool
	done   bool
}

// ID implements raft.SnapshotSink.
func (k *imageSink) ID() string { return k.id }

// Write implements io.Writer.
func (k *imageSink) Write(p []byte) (int, error) { return k.frames.Write(p) }

// Cancel implements raft.SnapshotSink.
func (k *imageSink) Cancel() error {
	if k.done {
		return nil
	}
	k.done = true
	err := k.out.file.Close()
	k.store.fs.discard(k.id)
	return err
}

// Close implements raft.SnapshotSink: last frame, sync, manifest, rename.
func (k *imageSink) Close() error {
	if k.done {
		return nil
	}
	if err := k.finish(); err != nil {
		return errors.Join(fmt.Errorf("writing image %s: %w", k.store.fs.path(k.id, stateName), err), k.Cancel())
	}
	k.done = true
	return nil
}

func (k *imageSink) finish() (err error) {
	if k.meta.totals, err = k.frames.finish(); err != nil {
		return err
	}
	if err := k.out.file.Sync(); err != nil {
		return err
	}
	if err := k.out.file.Close(); err != nil {
		return err
	}
	return k.store.fs.publish(k.id, k.meta.encode())
}

var errAborted = errors.New("the group is closing")

// pacedFile syncs every syncEvery bytes and sleeps to hold a rate, so that the
// log beside it keeps its latency.
type pacedFile struct {
	file     imageFile
	rate     int64 // bytes a second, 0 for as fast as it goes
	stop     <-chan struct{}
	unsynced int64
	since    time.Time // when the present stretch of syncEvery bytes began
}

// Write implements io.Writer.
func (w *pacedFile) Write(p []byte) (int, error) {
	select {
	case <-w.stop:
		return 0, errAborted
	default:
	}
	if w.unsynced == 0 {
		w.since = time.Now()
	}
	n, err := w.file.Write(p)
	w.unsynced += int64(n)
	if err != nil || w.unsynced < syncEvery {
		return n, err
	}
	return n, w.rest()
}

func (w *pacedFile) rest() error {
	if err := w.file.Sync(); err != nil {
		return err
	}
	written := w.unsynced
	w.unsynced = 0
	if w.rate <= 0 {
		return nil
	}
	pause := time.Duration(float64(written)/float64(w.rate)*float64(time.Second)) - time.Since(w.since)
	if pause <= 0 {
		return nil
	}
	select {
	case <-time.After(pause):
		return nil
	case <-w.stop:
		return errAborted
	}
}
