package script

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/musterdb/muster/engine/oracle"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/parse"
	"github.com/musterdb/muster/query/print"
	"github.com/musterdb/muster/storage/schema"
)

// changeText runs a line that ends in the language's own text.
func (r *runner) changeText(verb, rest string) error {
	if verb == "change" {
		return r.change(rest)
	}
	name, cond, ok := strings.Cut(rest, " AS ")
	if !ok {
		return errors.New("write: segment vip AS condition")
	}
	stmt, err := parse.Statement("COUNT " + cond)
	if err != nil {
		return err
	}
	t := &tokens{list: split(name)}
	seg := schema.Segment{Name: t.name(), Text: print.Expr(stmt.(*ast.Count).Where)}
	return r.putSegment(seg)
}

// static makes a list without members; one of that name is replaced.
func (r *runner) static(name string) error {
	return r.putSegment(schema.Segment{Name: name, Attr: r.schema.NextAttr})
}

// putSegment publishes the schema with a segment, in the place of one of that name.
func (r *runner) putSegment(seg schema.Segment) error {
	next := r.schema.Clone()
	PutSegment(next, seg)
	err := r.sys.SetSchema(next)
	if err == nil {
		r.schema = next
	}
	return err
}

// PutSegment adds a segment to a schema that is being made, in the place of one of that name.
func PutSegment(next *schema.Schema, seg schema.Segment) {
	next.Version++
	next.NextSegment = max(next.NextSegment, 1)
	if seg.Static() {
		next.NextAttr++
	}
	seg.ID = next.NextSegment
	next.NextSegment++
	i := slices.IndexFunc(next.Segments, func(s schema.Segment) bool { return s.Name == seg.Name })
	if i < 0 {
		next.Segments = append(next.Segments, seg)
		return
	}
	next.Segments[i] = seg
}

// change runs `UPDATE … -> 3` or `DELETE FROM … -> 3`: so many rows are changed.
func (r *runner) change(rest string) error {
	text, want, ok := strings.Cut(rest, " -> ")
	sys, can := r.sys.(oracle.Changer)
	switch {
	case !ok && !r.failing:
		return errors.New("write: change UPDATE … -> 3")
	case !can:
		return errors.New("UPDATE and DELETE FROM are not yet in this version")
	}
	stmt, err := parse.Statement(text)
	if err != nil {
		return err
	}
	n, err := sys.Change(stmt, r.clock)
	if err == nil && fmt.Sprint(n) != strings.TrimSpace(want) {
		err = fmt.Errorf("want %s changed, got %d", want, n)
	}
	return err
}

// members reads: name add|remove id, id, …
func (r *runner) members(t *tokens) error {
	sys, can := r.sys.(oracle.Changer)
	if !can {
		return errors.New("static segments are not yet in this version")
	}
	name, verb := t.name(), t.next()
	if verb != "add" && verb != "remove" {
		return errors.New("write: members vip add a, b")
	}
	var ids []string
	for t.more() {
		ids = append(ids, unquote(t.next()))
		t.take(",")
	}
	return sys.SetMembers(name, ids, verb == "add", r.clock)
}
