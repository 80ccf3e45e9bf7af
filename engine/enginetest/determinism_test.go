package enginetest_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/musterdb/muster/engine/enginetest"
	"github.com/musterdb/muster/engine/oracle"
)

// record plays the writes of a scenario into a base that keeps its log.
func (sc *scenario) record(spread int) (*enginetest.Base, error) {
	b := enginetest.New(spread, sc.batch)
	b.Keep = true
	for _, s := range sc.steps {
		var err error
		switch s.kind {
		case write:
			_ = s.op.Apply(b) // refusals are the differential test's
		case maintain:
			_, err = b.Maintain(s.stamp)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, b.Flush()
}

// answers are a base's answers as one text; rows without an order are sorted.
func (sc *scenario) answers(b *enginetest.Base) string {
	var out bytes.Buffer
	for _, text := range sc.statements {
		a, err := b.Eval(text, sc.clock)
		slices.SortFunc(a.Rows, func(x, y []oracle.Cell) int { return bytes.Compare(fmt.Append(nil, x), fmt.Append(nil, y)) })
		fmt.Fprintln(&out, a.Count, a.IDs, a.Rows, enginetest.CodeOf(err))
	}
	return out.String()
}

// limits are left out: which rows LIMIT takes of an unordered answer depends on the spread.
func withoutLimits(statements []string) []string {
	return slices.DeleteFunc(statements, func(s string) bool { return bytes.Contains([]byte(s), []byte(" LIMIT ")) })
}

// state is what must be equal after equal histories.
type state struct {
	hash    uint64
	answers string
	images  [][]byte
}

func (sc *scenario) stateOf(t *testing.T, b *enginetest.Base) state {
	t.Helper()
	hash, err := b.StateHash()
	if err != nil {
		t.Fatal(err)
	}
	images, err := b.Images()
	if err != nil {
		t.Fatal(err)
	}
	return state{hash, sc.answers(b), images}
}

// TestDeterminism applies one log again and again: on 1 and 8 processors, with and without a restart from
// an image at a random entry, over 1, 4 and 16 shards.
func TestDeterminism(t *testing.T) {
	seed, given := firstSeed(t)
	t.Logf("seed %d", seed)
	end := time.Now().Add(time.Second)
	for s := seed; ; s++ {
		deterministic(t, s)
		if given || t.Failed() || time.Now().After(end) {
			return
		}
	}
}

func deterministic(t *testing.T, seed uint64) {
	sc := newScenario(seed, 40)
	sc.statements = withoutLimits(sc.statements)
	r := rand.New(rand.NewPCG(seed, 1))
	var first state
	for i, spread := range []int{1, 4, 16} {
		b, err := sc.record(spread)
		if err != nil {
			t.Fatal(err)
		}
		want := sc.stateOf(t, b)
		if i == 0 {
			first = want
		}
		same(t, fmt.Sprintf("seed %d: spread %d against 1", seed, spread), state{first.hash, first.answers, want.images}, want)
		for _, procs := range []int{1, 8} {
			for _, restart := range []bool{false, true} {
				got := sc.again(t, b, procs, restart, r)
				same(t, fmt.Sprintf("seed %d: spread %d, %d processors, restart %v", seed, spread, procs, restart), want, got)
			}
		}
		b.Close()
	}
}

// again replays a log.
func (sc *scenario) again(t *testing.T, from *enginetest.Base, procs int, restart bool, r *rand.Rand) state {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
	b := enginetest.New(len(from.Log), 1)
	defer b.Close()
	err := b.Replay(from.Log, func(shard int) int {
		if !restart {
			return -1
		}
		return r.IntN(len(from.Log[shard]))
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Name(from.Schema())
	return sc.stateOf(t, b)
}

func same(t *testing.T, what string, want, got state) {
	t.Helper()
	if want.hash != got.hash {
		t.Errorf("%s: the state's hash is %x, not %x", what, got.hash, want.hash)
	}
	if want.answers != got.answers {
		t.Errorf("%s: other answers", what)
	}
	for i := range want.images {
		if !bytes.Equal(want.images[i], got.images[i]) {
			t.Errorf("%s: the image of shard %d has other bytes", what, i)
		}
	}
}

// TestReadersBesideAWriter asks shards and pins while their log is applied: a pin answers the same twice,
// and the race detector looks on.
func TestReadersBesideAWriter(t *testing.T) {
	seed, _ := firstSeed(t)
	t.Logf("seed %d", seed)
	sc := newScenario(seed, 30)
	from, err := sc.record(4)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	b := enginetest.New(4, 1)
	defer b.Close()
	var done atomic.Bool
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for k := 0; !done.Load(); k++ {
				askTwice(t, b, from, sc.statements[k%len(sc.statements)], sc.clock)
			}
		})
	}
	if err := b.Replay(from.Log, func(int) int { return -1 }); err != nil {
		t.Error(err)
	}
	done.Store(true)
	wg.Wait()
}

func askTwice(t *testing.T, b, from *enginetest.Base, text string, clock int64) {
	s := b.PinShards(from.Schema())
	defer s.Release()
	first, errFirst := s.Eval(text, clock)
	runtime.Gosched()
	second, errSecond := s.Eval(text, clock)
	if fmt.Sprint(first, enginetest.CodeOf(errFirst)) != fmt.Sprint(second, enginetest.CodeOf(errSecond)) {
		t.Errorf("%s: pinned, %v %v became %v %v", text, first, errFirst, second, errSecond)
	}
}
