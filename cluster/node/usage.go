package node

import (
	"os"
	"strconv"
	"strings"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/storage"
	"github.com/musterdb/muster/storage/schema"
)

// Usage is how many bytes one part of a base, or of the process, takes.
type Usage struct {
	Part  string // ids, index, attribute, dictionary, segment, event, …
	Name  string // of the attribute, static segment or event type
	Bytes int64
}

// eachShard calls f with each shard of a base.
func (n *Node) eachShard(sch *schema.Schema, f func(*engine.Shard)) {
	for _, g := range n.groupsOf(sch) {
		if s := g.sm.shard(sch.Base); s != nil {
			f(s)
		}
	}
}

// Contacts returns how many contacts a base has.
func (n *Node) Contacts(sch *schema.Schema) int64 {
	total := int64(0)
	n.eachShard(sch, func(s *engine.Shard) { total += int64(s.Stats().Contacts) })
	return total
}

// Events returns how many events of a type a base holds, those of deleted contacts that are not swept
// yet included.
func (n *Node) Events(sch *schema.Schema, event schema.EventID) int64 {
	total := int64(0)
	n.eachShard(sch, func(s *engine.Shard) {
		for _, e := range s.Stats().Events {
			if e.ID == event {
				total += int64(e.Events)
			}
		}
	})
	return total
}

// Usage returns where the memory of a base is, the largest parts being its attributes and events.
func (n *Node) Usage(sch *schema.Schema) []Usage {
	var st storage.Stats
	values, dicts, events := map[schema.AttrID]int64{}, map[schema.AttrID]int64{}, map[schema.EventID]int64{}
	n.eachShard(sch, func(s *engine.Shard) {
		one := s.Stats()
		st.IDs += one.IDs
		st.Index += one.Index
		st.Live += one.Live
		st.Arena += one.Arena
		st.Pinned += one.Pinned
		for _, a := range one.Attributes {
			values[a.ID] += a.Values
			dicts[a.ID] += a.Dict
		}
		for _, e := range one.Events {
			events[e.ID] += e.Bytes
		}
	})
	out := []Usage{{"ids", "", st.IDs}, {"index", "id", st.Index}, {"live bits", "", st.Live}}
	for _, a := range append(schema.SystemAttributes(), sch.Attrs...) {
		if values[a.ID] > 0 {
			out = append(out, Usage{"attribute", a.Name, values[a.ID]})
		}
		if dicts[a.ID] > 0 {
			out = append(out, Usage{"dictionary", a.Name, dicts[a.ID]})
		}
	}
	for i := range sch.Segments {
		g := &sch.Segments[i]
		switch {
		case g.Building:
			out = append(out, Usage{"segment", g.Name + " (being filled)", values[g.Attr]})
		case g.Static():
			out = append(out, Usage{"segment", g.Name, values[g.Attr]})
		}
	}
	for _, e := range sch.Events {
		out = append(out, Usage{"event", e.Name, events[e.ID]})
	}
	return append(out, Usage{"kept by pins", "", st.Pinned}, Usage{"total", "", st.Arena})
}

// ProcessUsage returns the memory of the whole process: what shards have taken from the system, how much
// of that nobody uses, and what the system counts as resident, now and at most.
func (n *Node) ProcessUsage() []Usage {
	slabs := n.alloc.Stats()
	out := []Usage{{"process", "mapped for shards", slabs.Mapped}, {"process", "mapped and free", slabs.Overhead()}}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return out // not a Linux system
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := kilobytes(line, "VmRSS:"); ok {
			out = append(out, Usage{"process", "resident", v})
		}
		if v, ok := kilobytes(line, "VmHWM:"); ok {
			out = append(out, Usage{"process", "resident at most", v})
		}
	}
	return out
}

// kilobytes reads a line of /proc/self/status such as "VmRSS:  1234 kB", as bytes.
func kilobytes(line, key string) (int64, bool) {
	rest, ok := strings.CutPrefix(line, key)
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(fields[0], 10, 64)
	return n << 10, err == nil
}
