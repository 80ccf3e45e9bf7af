package replica

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/types"
)

// recoverDir recovers a directory without starting raft: what a restart would
// find, in milliseconds.
func recoverDir(t testing.TB, dir string) (*journal, error) {
	t.Helper()
	j := new(journal)
	cfg, err := Config{Dir: dir, Name: "t", StateMachine: j}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	g := &Group{cfg: cfg, fsm: newMachine(cfg)}
	defer func() {
		if err := g.closeFiles(); err != nil {
			t.Error(err)
		}
	}()
	if err := g.openFiles(); err != nil {
		return j, err
	}
	_, err = (&recovery{cfg: cfg, log: g.log, images: g.images, fsm: g.fsm}).run()
	return j, err
}

// lastSegment returns path and bytes of the newest log segment.
func lastSegment(t testing.TB, dir string) (string, []byte) {
	t.Helper()
	files := listSegments(filepath.Join(dir, "log"))
	path := files[len(files)-1].path
	return path, readFile(t, path)
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func patch(t testing.TB, path string, at int64, b ...byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(b, at); err != nil {
		t.Fatal(err)
	}
}

// seeded returns a random source whose seed the test prints when it fails.
func seeded(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// filled makes a directory with n entries, one log batch each, and closes it.
func filled(t testing.TB, n int, limits Limits) string {
	t.Helper()
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir, Limits: limits})
	addN(t, g, 0, n)
	closeGroup(t, g)
	return dir
}

func TestTornTail(t *testing.T) {
	t.Parallel()
	const n = 12
	dir := filled(t, n, Limits{})
	path, whole := lastSegment(t, dir)
	end := scanSegment(whole, 1).end
	begin := lastBatchBegin(whole)
	rnd := seeded(t)
	for cut := begin; cut < end; cut++ {
		torn := append([]byte(nil), whole...)
		clear(torn[cut:])
		if cut%3 == 1 { // a hole: later sectors arrived, this one did not
			copy(torn[cut+8:], whole[cut+8:])
			clear(torn[cut : cut+8])
		}
		if cut%3 == 2 { // garbage
			for i := cut; i < end+64; i++ {
				torn[i] = byte(rnd.Uint32())
			}
		}
		writeFile(t, path, torn)
		j, err := recoverDir(t, dir)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if got := len(j.list()); got == n {
			wantN(t, j, n) // what was lost was zero or padding
		} else {
			wantN(t, j, n-1)
		}
		if rest := readFile(t, path); len(j.list()) < n && !allZero(rest[begin:]) {
			t.Fatalf("cut at %d: the torn write is still in the file", cut)
		}
	}
	g, _ := start(t, Config{Dir: dir})
	addN(t, g, n-1, 3)
	closeGroup(t, g)
	if j, _ := recoverDir(t, dir); len(j.list()) != n+2 {
		t.Errorf("%d entries after writing behind a torn tail, want %d", len(j.list()), n+2)
	}
}

// lastBatchBegin returns where the last batch of a segment begins.
func lastBatchBegin(data []byte) (begin int64) {
	from, at := int64(0), int64(walHeader)
	for {
		b, ok := readBatch(data, from, at)
		if !ok {
			return begin
		}
		begin, from, at = at, b.end, b.end
	}
}

// TestFlippedBitInLog flips bits all over a log of several segments. Every
// flip is either harmless, found, or in the very last batch, where it cannot
// be told from a torn write.
func TestFlippedBitInLog(t *testing.T) {
	t.Parallel()
	const n = 300
	dir := filled(t, n, Limits{SegmentSize: 8 << 10})
	segments := listSegments(filepath.Join(dir, "log"))
	if len(segments) < 3 {
		t.Fatalf("%d segments, want several", len(segments))
	}
	rnd := seeded(t)
	found := 0
	for round := range 300 {
		path := segments[round%len(segments)].path
		whole := readFile(t, path)
		end := scanSegment(whole, 1).end
		at := rnd.Int64N(end)
		isTail := path == segments[len(segments)-1].path
		patch(t, path, at, whole[at]^1<<rnd.IntN(8))
		j, err := recoverDir(t, dir)
		switch {
		case errors.Is(err, ErrDamaged), errors.Is(err, types.ErrCorrupt):
			found++
			if errors.Is(err, ErrDamaged) && !strings.Contains(err.Error(), filepath.Base(path)) {
				t.Errorf("the error names another file than %s: %v", filepath.Base(path), err)
			}
		case err != nil:
			t.Fatalf("flip at %d of %s: %v", at, path, err)
		case isTail && at >= lastBatchBegin(whole):
			// taken for a torn write
		default:
			wantN(t, j, n)
		}
		writeFile(t, path, whole)
	}
	if found < 200 {
		t.Errorf("only %d of 300 flips were found", found)
	}
	j, err := recoverDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	wantN(t, j, n)
}

func TestDamageInMiddleOfTailIsNotTorn(t *testing.T) {
	dir := filled(t, 20, Limits{})
	path, whole := lastSegment(t, dir)
	patch(t, path, walHeader+1, 0xff) // the first frame's header
	_, err := recoverDir(t, dir)
	var d *DamageError
	if !errors.As(err, &d) || d.File != path || d.Offset < 0 || d.Remedy == "" {
		t.Fatalf("got %v, want a DamageError for %s with an offset", err, path)
	}
	writeFile(t, path, whole)
	if j, err := recoverDir(t, dir); err != nil || len(j.list()) != 20 {
		t.Errorf("the refused start changed the log: %d entries, %v", len(j.list()), err)
	}
}

// imaged makes a directory with two images (10 and 20 entries) and 5 entries
// behind them.
func imaged(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir})
	for i := range 2 {
		addN(t, g, i*10, 10)
		snapshot(t, g)
	}
	addN(t, g, 20, 5)
	closeGroup(t, g)
	return dir
}

func imageFiles(t testing.TB, dir, file string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "snap", "*", file))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func TestDamagedImageFallsBack(t *testing.T) {
	t.Parallel()
	rnd := seeded(t)
	dir := imaged(t)
	for round := range 40 {
		copied := copyDir(t, dir)
		paths := imageFiles(t, copied, []string{stateName, manifestName}[round%2])
		if len(paths) != 2 {
			t.Fatalf("%d images, want 2", len(paths))
		}
		newest := paths[1]
		b := readFile(t, newest)
		if round%5 == 4 {
			b = b[:rnd.IntN(len(b))]
		} else {
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		}
		writeFile(t, newest, b)
		j, err := recoverDir(t, copied)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		wantN(t, j, 25)
		if j.applies != 15 {
			t.Fatalf("round %d: %d commands replayed, want the 15 behind the older image", round, j.applies)
		}
	}
}

// TestDamagedImageIsNotCounted: an image that was passed over must not count
// as the older one of two, or the log would be cut above the good one.
func TestDamagedImageIsNotCounted(t *testing.T) {
	dir := imaged(t)
	patch(t, imageFiles(t, dir, stateName)[1], 9, 0xff)
	g, j := start(t, Config{Dir: dir})
	wantN(t, j, 25)
	addN(t, g, 25, 1)
	snapshot(t, g)
	closeGroup(t, g)
	patch(t, imageFiles(t, dir, stateName)[1], 9, 0xff) // the new one too
	j, err := recoverDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	wantN(t, j, 26)
}

func TestNewerManifestIsNotDamage(t *testing.T) {
	dir := imaged(t)
	path := imageFiles(t, dir, manifestName)[1]
	b := readFile(t, path)
	b[8]++
	writeFile(t, path, binary.LittleEndian.AppendUint32(b[:len(b)-4], crc32.Checksum(b[:len(b)-4], castagnoli)))
	if _, err := recoverDir(t, dir); !errors.Is(err, errVersion) {
		t.Errorf("got %v, want a refusal to start", err)
	}
}

func TestBothImagesDamaged(t *testing.T) {
	dir := imaged(t)
	for _, path := range imageFiles(t, dir, stateName) {
		b := readFile(t, path)
		b[len(b)-1] ^= 1
		writeFile(t, path, b)
	}
	_, err := recoverDir(t, dir)
	var d *DamageError
	if !errors.As(err, &d) || !strings.HasSuffix(d.File, stateName) || d.Offset < 0 {
		t.Errorf("got %v, want a DamageError naming a state file", err)
	}
	// Nothing was changed: with the files healed, it starts.
	for _, path := range imageFiles(t, dir, stateName) {
		b := readFile(t, path)
		b[len(b)-1] ^= 1
		writeFile(t, path, b)
	}
	j, err := recoverDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	wantN(t, j, 25)
}

func TestOnlyImageDamagedButLogWhole(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir})
	addN(t, g, 0, 10)
	snapshot(t, g)
	closeGroup(t, g)
	path := imageFiles(t, dir, stateName)[0]
	patch(t, path, 9, 0xff)
	j, err := recoverDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	wantN(t, j, 10)
}

func TestMissingParts(t *testing.T) {
	t.Parallel()
	cut := t.TempDir()
	g, _ := start(t, Config{Dir: cut})
	addN(t, g, 0, 10)
	if err := g.CutLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	closeGroup(t, g)
	for name, tc := range map[string]struct {
		dir    string
		remove string
	}{
		"images after a cut":  {cut, "snap"},
		"images of a log":     {imaged(t), "snap"},
		"images and segments": {imaged(t), "*/*[0-9a-f].wal snap"},
	} {
		dir := copyDir(t, tc.dir)
		for _, pattern := range strings.Fields(tc.remove) {
			paths, _ := filepath.Glob(filepath.Join(dir, pattern))
			for _, p := range paths {
				if err := os.RemoveAll(p); err != nil {
					t.Fatal(err)
				}
			}
		}
		if j, err := recoverDir(t, dir); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %d entries, error %v; want ErrDamaged", name, len(j.list()), err)
		}
	}
}

func TestLogEndsBeforeImage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir})
	addN(t, g, 0, 10)
	snapshot(t, g)
	closeGroup(t, g)
	path, whole := lastSegment(t, dir)
	clear(whole[lastBatchBegin(whole):])
	writeFile(t, path, whole)
	g, j := start(t, Config{Dir: dir})
	wantN(t, j, 10)
	addN(t, g, 10, 2)
	closeGroup(t, g)
	_, j = start(t, Config{Dir: dir})
	wantN(t, j, 12)
}

func TestUnfinishedImageIsRemoved(t *testing.T) {
	dir := imaged(t)
	tmp := filepath.Join(dir, "snap", imageID(99, 9)+tmpSuffix)
	if err := os.Mkdir(tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(tmp, stateName), []byte("half"))
	j, err := recoverDir(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	wantN(t, j, 25)
	if _, err := os.Stat(tmp); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", tmp, err)
	}
}

func TestOldImagesAndLogAreRemoved(t *testing.T) {
	dir := t.TempDir()
	g, _ := start(t, Config{Dir: dir, Limits: Limits{SegmentSize: 8 << 10}})
	for i := range 4 {
		addN(t, g, i*200, 200)
		snapshot(t, g)
	}
	if n := len(imageFiles(t, dir, manifestName)); n != 2 {
		t.Errorf("%d images, want 2", n)
	}
	ids, _ := g.images.fs.list()
	older, _ := parseImageID(ids[0])
	if s := g.Stats(); s.FirstLog != older+1 {
		t.Errorf("log begins at %d, want %d: right behind the older image", s.FirstLog, older+1)
	}
}

// heldMeta stops recording segments after a number of commits, as a crash
// between sealing a segment and recording it would.
type heldMeta struct {
	metadb.BoltMetaDB
	left int
}

var errHeld = errors.New("crashed before recording")

func (m *heldMeta) CommitState(s types.PersistentState) error {
	if m.left--; m.left < 0 {
		return errHeld
	}
	return m.BoltMetaDB.CommitState(s)
}

// TestSealedButNotRecorded: raft-wal alone refuses every append after this
// crash, for ever.
func TestSealedButNotRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fatal := make(chan error, 1)
	g, _ := start(t, Config{Dir: dir, meta: &heldMeta{left: 1}, Limits: Limits{SegmentSize: 8 << 10}, Fatal: func(err error) { fatal <- err }})
	n := 0
	for ; ; n++ {
		if _, err := g.Propose(t.Context(), Proposal{Kind: kindAdd, Payload: fmt.Append(nil, "entry ", n)}); err != nil {
			break
		}
	}
	if err := <-fatal; !errors.Is(err, types.ErrSealed) {
		t.Fatalf("the log failed with %v, want ErrSealed", err)
	}
	_ = g.Close()
	g, j := start(t, Config{Dir: dir, Limits: Limits{SegmentSize: 8 << 10}})
	wantN(t, j, n)
	addN(t, g, n, 300)
	closeGroup(t, g)
	_, j = start(t, Config{Dir: dir})
	wantN(t, j, n+300)
}

// TestWrongSegmentList: each of these makes raft-wal delete a segment, begin an
// empty one, or read past an end.
func TestWrongSegmentList(t *testing.T) {
	dir := filled(t, 300, Limits{SegmentSize: 8 << 10})
	for name, change := range map[string]func(s []types.SegmentInfo){
		"tail id":      func(s []types.SegmentInfo) { s[len(s)-1].ID += 2 },
		"tail base":    func(s []types.SegmentInfo) { s[len(s)-1].BaseIndex += 2 },
		"tail sealed":  func(s []types.SegmentInfo) { s[len(s)-1].SealTime = s[0].SealTime },
		"sealed end":   func(s []types.SegmentInfo) { s[0].MaxIndex-- },
		"sealed base":  func(s []types.SegmentInfo) { s[1].BaseIndex++ },
		"sealed, open": func(s []types.SegmentInfo) { s[0].SealTime = time.Time{} },
	} {
		copied := copyDir(t, dir)
		before := len(listSegments(filepath.Join(copied, "log")))
		meta := new(metadb.BoltMetaDB)
		state, err := meta.Load(filepath.Join(copied, "log"))
		if err != nil {
			t.Fatal(err)
		}
		change(state.Segments)
		if err := errors.Join(meta.CommitState(state), meta.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := recoverDir(t, copied); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
		if after := len(listSegments(filepath.Join(copied, "log"))); after != before {
			t.Errorf("%s: %d segment files became %d", name, before, after)
		}
	}
}

// TestDamagedSegmentList changes the digits of the list of segments, which
// raft-wal believes: it would delete whole segments and begin an empty log.
func TestDamagedSegmentList(t *testing.T) {
	t.Parallel()
	const n = 300
	dir := filled(t, n, Limits{SegmentSize: 8 << 10})
	path := filepath.Join(dir, "log", metadb.FileName)
	whole := readFile(t, path)
	rnd := seeded(t)
	var digits []int
	for at := 0; ; {
		k := bytes.Index(whole[at:], []byte(`{"NextSegmentID"`))
		if k < 0 {
			break
		}
		end := bytes.Index(whole[at+k:], []byte("}]}"))
		for i := at + k; i < at+k+end; i++ {
			if whole[i] >= '0' && whole[i] <= '9' {
				digits = append(digits, i)
			}
		}
		at += k + end
	}
	refused := 0
	for range 80 {
		i := digits[rnd.IntN(len(digits))]
		copied := copyDir(t, dir)
		patch(t, filepath.Join(copied, "log", metadb.FileName), int64(i), '0'+(whole[i]-'0'+byte(1+rnd.IntN(9)))%10)
		j, err := recoverDir(t, copied)
		if err != nil {
			refused++
			continue
		}
		if len(j.list()) != n {
			t.Fatalf("digit at %d: %d entries and no error", i, len(j.list()))
		}
	}
	t.Logf("%d of 80 refused", refused)
	for range 40 { // any byte at all: an error or everything, never a crash
		copied := copyDir(t, dir)
		i := rnd.IntN(len(whole))
		patch(t, filepath.Join(copied, "log", metadb.FileName), int64(i), whole[i]^1<<rnd.IntN(8))
		if j, err := recoverDir(t, copied); err == nil && len(j.list()) != n {
			t.Fatalf("byte at %d: %d entries and no error", i, len(j.list()))
		}
	}
}
