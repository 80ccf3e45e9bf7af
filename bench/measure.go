package bench

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Timing is how long the runs of one question took.
type Timing struct {
	Question
	Answer int64 // the count, or the rows answered
	Runs   []time.Duration
}

// Median returns the middle of the runs.
func (t *Timing) Median() time.Duration { return quantile(t.Runs, 0.5) }

// P99 returns the run that 99 % of the runs are not slower than; with fewer than 100 it is the slowest.
func (t *Timing) P99() time.Duration { return quantile(t.Runs, 0.99) }

func quantile(of []time.Duration, q float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(of))
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

// Measure asks every question so many times, in turn, so that a noisy moment does not hit one question
// alone, after one round that does not count. ask returns the count or the rows answered; it must answer
// the same every time.
func Measure(questions []Question, runs int, ask func(text string) (int64, error)) ([]Timing, error) {
	timings := make([]Timing, len(questions))
	for round := range runs + 1 {
		for i, q := range questions {
			begin := time.Now()
			answer, err := ask(q.Text)
			took := time.Since(begin)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", q.Name, err)
			}
			if round > 0 && answer != timings[i].Answer {
				return nil, fmt.Errorf("%s answered %d and then %d", q.Name, timings[i].Answer, answer)
			}
			timings[i].Question, timings[i].Answer = q, answer
			if round > 0 {
				timings[i].Runs = append(timings[i].Runs, took)
			}
		}
	}
	return timings, nil
}

// WriteTable writes the timings as a Markdown table.
func WriteTable(w io.Writer, timings []Timing) {
	fmt.Fprintln(w, "| | question | answer | median ms | p99 ms |")
	fmt.Fprintln(w, "|---|---|---:|---:|---:|")
	for i := range timings {
		t := &timings[i]
		fmt.Fprintf(w, "| %s | %s | %d | %s | %s |\n", t.Name, t.What, t.Answer, millis(t.Median()), millis(t.P99()))
	}
}

func millis(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d.Microseconds())/1000) }
