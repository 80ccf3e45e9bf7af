package api

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/musterdb/muster/engine/eval"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/print"
)

// condition writes the steps of the condition.
func (e *explainer) condition(b *branch) *branch {
	if e.facts.Where != nil {
		e.step(b, e.facts.Where, e.q.From != 0)
	}
	return b
}

// step writes a step, which is asked of contacts or of events, and those below it.
func (e *explainer) step(b *branch, s *eval.Step, events bool) {
	text := ""
	switch s.Kind {
	case eval.StepAll:
		text = "all of these, the cheapest first"
	case eval.StepAny:
		text = "any of these, the cheapest first"
	case eval.StepContact:
		text = "of the event's contact"
	case eval.StepNot:
		text = "all but those of whom this is true"
	case eval.StepTest:
		text = join(e.parts(s), path(s), looked(s, events))
	}
	b = b.add(join(text, e.passed(s)))
	below := events && s.Kind != eval.StepContact || s.Kind == eval.StepTest // the steps of a test are its filter of events
	for _, sub := range s.Steps {
		e.step(b, sub, below)
	}
}

// parts writes what the statement says, as it says it.
func (e *explainer) parts(s *eval.Step) string {
	var out []string
	for _, p := range s.Parts {
		src, ok := e.sources[p.X]
		whole, within := e.sources[p.Of]
		switch {
		case !ok && within:
			out = append(out, "a part of "+print.Expr(ast.Bare(whole)))
		case !ok:
			continue
		case p.Not:
			out = append(out, print.Expr(&ast.Unary{Op: ast.OpNot, X: &ast.Paren{X: ast.Bare(src)}}))
		default:
			out = append(out, print.Expr(ast.Bare(src)))
		}
	}
	switch {
	case len(out) == 0 && s.Path == eval.PathIDs:
		return "the contacts that are named"
	case len(out) == 0:
		return "a part of the condition"
	}
	return strings.Join(out, " AND ")
}

// path says how a test gets at its answer.
func path(s *eval.Step) string {
	switch s.Path {
	case eval.PathColumn:
		return "column"
	case eval.PathCodes:
		if s.Values == 0 {
			return "dictionary codes"
		}
		return fmt.Sprintf("dictionary codes, %s of %s values pass", number(s.Passed), number(s.Values))
	case eval.PathTexts:
		return "texts, one by one"
	case eval.PathPresence:
		return "bits of who has a value"
	case eval.PathPostings:
		return "rows kept for each value of the set"
	case eval.PathIDs:
		return "index of ids, " + number(s.Passed) + " found"
	case eval.PathTimes:
		return "times and ids of the events"
	case eval.PathRows:
		return "row by row, since no faster way is known for it"
	}
	switch {
	case s.Life > 0 && s.Blocks == 0:
		return "time of each contact's last event"
	case s.Sums:
		return "blocks of events in the window, summed for each contact"
	case s.Counts:
		return "blocks of events in the window, counted for each contact"
	}
	return "blocks of events in the window, a bit for each contact"
}

// looked writes how much a test reads: chunks that bounds answer, chunks scanned, blocks and bytes.
func looked(s *eval.Step, events bool) string {
	var out []string
	say := func(n uint64, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, number(n)))
		}
	}
	if s.Path == eval.PathEvents {
		say(s.Life, "%s chunks by the last event")
		if s.Blocks+s.Skipped > 0 {
			out = append(out, fmt.Sprintf("%s read, %s skipped", plural(s.Blocks, "block"), number(s.Skipped)))
		}
	} else {
		say(s.None, "%s none by bounds")
		say(s.All, "%s all by bounds")
		say(s.Scanned, "%s scanned")
		switch {
		case len(out) > 0 && events:
			out[0] = "blocks: " + out[0]
		case len(out) > 0:
			out[0] = "chunks: " + out[0]
		}
	}
	if s.Bytes > 0 {
		out = append(out, size(s.Bytes))
	}
	return strings.Join(out, ", ")
}

// passed writes which part of its rows a step lets pass: measured, or as in the sample.
func (e *explainer) passed(s *eval.Step) string {
	if e.analyze {
		return fmt.Sprintf("%s → %s rows · %s", number(s.In), number(s.Out), took(time.Duration(s.Nanos)))
	}
	if s.In == 0 {
		return ""
	}
	return fmt.Sprintf("about %s %% pass", strconv.FormatFloat(100*float64(s.Out)/float64(s.In), 'f', 1, 64))
}

// bytesOf sums the bytes of a step and of those below it.
func bytesOf(s *eval.Step) string {
	if s == nil {
		return ""
	}
	return size(bytesBelow(s)) + " read by the condition"
}

func bytesBelow(s *eval.Step) uint64 {
	n := s.Bytes
	for _, sub := range s.Steps {
		n += bytesBelow(sub)
	}
	return n
}

func rows(n uint64) string { return plural(n, "row") }

func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// number writes thousands apart.
func number(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func size(n uint64) string {
	switch {
	case n < 10_000:
		return plural(n, "byte")
	case n < 10_000_000:
		return number(n/1000) + " kB"
	}
	return number(n/1_000_000) + " MB"
}

// took writes a time in ms, µs where it is short.
func took(d time.Duration) string {
	if d < time.Millisecond {
		return strconv.FormatInt(d.Microseconds(), 10) + " µs"
	}
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 2, 64) + " ms"
}
