package catalog

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/musterdb/muster/cluster/command"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/storage/schema"
)

// applied applies a command at an index.
func applied(c *Catalog, index uint64, cmd *Command) (Result, error) {
	switch out := c.Apply(index, &command.Command{Payload: cmd.Encode()}).(type) {
	case Result:
		return out, nil
	case error:
		return Result{}, out
	default:
		panic("neither a result nor an error")
	}
}

func open(c *Catalog, index uint64, again bool) (Load, error) {
	res, err := applied(c, index, &Command{Op: OpOpenLoad, Load: &LoadChange{Key: "k", Base: 1, Again: again}})
	return res.Load, err
}

func advance(c *Catalog, to LoadChange) (Load, error) {
	to.Key = "k"
	res, err := applied(c, 99, &Command{Op: OpAdvanceLoad, Load: &to})
	return res.Load, err
}

func wantCode(t *testing.T, err error, code diag.Code, word string) {
	t.Helper()
	var known *diag.Error
	if !errors.As(err, &known) || known.Code != code || !strings.Contains(known.Msg, word) {
		t.Errorf("got %v, want %s with %q", err, code, word)
	}
}

func TestLoads(t *testing.T) {
	c := New()
	if l, err := open(c, 7, false); err != nil || l.Producer != 7 || l.Done {
		t.Fatalf("%+v %v", l, err)
	}
	first, err := advance(c, LoadChange{Producer: 7, Hashes: []uint64{10, 11}})
	if err != nil || !slices.Equal(first.Hashes, []uint64{10, 11}) || first.In != 0 {
		t.Fatalf("%+v %v", first, err)
	}
	second, err := advance(c, LoadChange{Producer: 7, From: 2, Hashes: []uint64{12}, In: 2, Rows: 16384, Rejected: 5})
	if err != nil || second.In != 2 || second.Rows != 16384 || second.Rejected != 5 || len(first.Hashes) != 2 {
		t.Fatalf("%+v %v", second, err)
	}
	_, err = advance(c, LoadChange{Producer: 7, From: 2, Hashes: []uint64{12}})
	wantCode(t, err, diag.Conflict, "at the same time")
	_, err = advance(c, LoadChange{Producer: 6, From: 3})
	wantCode(t, err, diag.Conflict, "begun again")
	_, err = advance(c, LoadChange{Producer: 7, From: 3, In: 4})
	wantCode(t, err, diag.Invalid, "4 blocks")
	_, err = advance(c, LoadChange{Producer: 7, From: 3, In: 1})
	wantCode(t, err, diag.Invalid, "1 blocks")
	goesOn, err := open(c, 20, false)
	if err != nil || goesOn.Producer != 7 || len(goesOn.Hashes) != 3 || goesOn.In != 2 {
		t.Errorf("going on: %+v %v", goesOn, err)
	}
	done, err := advance(c, LoadChange{Producer: 7, From: 3, In: 3, Rows: 20000, Rejected: 5, Done: true})
	if err != nil || !done.Done || done.Hashes != nil || done.Rows != 20000 {
		t.Errorf("done: %+v %v", done, err)
	}
	_, err = advance(c, LoadChange{Producer: 7})
	wantCode(t, err, diag.Conflict, "at the same time")
	if l, err := open(c, 30, false); err != nil || !l.Done {
		t.Errorf("a finished load: %+v %v", l, err)
	}
	if l, err := open(c, 31, true); err != nil || l.Done || l.Producer != 31 || l.Rows != 0 {
		t.Errorf("again: %+v %v", l, err)
	}
}

// TestForgetting holds that of too many loads the finished ones go first, the oldest of them first.
func TestForgetting(t *testing.T) {
	c := New()
	for i := range MaxLoads {
		key := string(rune('a'+i%26)) + string(rune(0x4e00+i))
		c.st.Loads[key] = &Load{Key: key, Producer: uint64(i + 1), Done: i == 500 || i == 600}
	}
	for n, wantGone := range []uint64{501, 601, 1} {
		if _, err := applied(c, uint64(100_000+n), &Command{Op: OpOpenLoad, Load: &LoadChange{Key: strings.Repeat("k", n+1)}}); err != nil {
			t.Fatal(err)
		}
		for _, l := range c.st.Loads {
			if l.Producer == wantGone {
				t.Errorf("after %d more, load %d is still there", n+1, wantGone)
			}
		}
	}
}

func TestBasesAndImage(t *testing.T) {
	c := New()
	opt := schema.BaseOptions{}
	if _, err := applied(c, 1, &Command{Op: OpCreateBase, Name: "shop", Options: &opt}); err != nil {
		t.Fatal(err)
	}
	_, err := applied(c, 2, &Command{Op: OpCreateBase, Name: "shop", Options: &opt})
	wantCode(t, err, diag.Exists, "shop")
	_, err = applied(c, 3, &Command{Op: OpDropBase, Name: "shap"})
	wantCode(t, err, diag.Name, "shap")
	if _, err := open(c, 4, false); err != nil {
		t.Fatal(err)
	}
	if _, err := advance(c, LoadChange{Producer: 4, Hashes: []uint64{1<<64 - 1}}); err != nil {
		t.Fatal(err)
	}
	now, _ := c.Base("shop")
	stale := now.Clone()
	stale.Version += 2
	_, err = applied(c, 5, &Command{Op: OpSetSchema, Schema: stale})
	if !errors.Is(err, ErrStale) {
		t.Errorf("a stale schema: %v", err)
	}
	img, err := c.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	defer img.Release()
	var text bytes.Buffer
	if _, err := img.WriteTo(&text); err != nil {
		t.Fatal(err)
	}
	back := New()
	if err := back.Restore(&text); err != nil {
		t.Fatal(err)
	}
	l, _ := back.Load("k")
	if s, ok := back.Base("shop"); !ok || s.Base != now.Base || len(l.Hashes) != 1 || l.Hashes[0] != 1<<64-1 {
		t.Errorf("the image lost something: %+v %+v", s, l)
	}
	if _, err := applied(back, 6, &Command{Op: OpDropBase, Name: "shop"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := back.Load("k"); ok && l.Base == now.Base {
		t.Error("the loads of a dropped base are still there")
	}
	if err := back.Restore(strings.NewReader(`{"bases":`)); err == nil {
		t.Error("a torn image was taken")
	}
	_, err = applied(back, 7, &Command{Op: "make coffee"})
	wantCode(t, err, diag.Internal, "make coffee")
}
