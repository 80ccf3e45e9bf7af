package api

import (
	"sync/atomic"

	"github.com/musterdb/muster/storage/change"
)

// Metrics are the service's counters since its start. Doors publish them.
type Metrics struct {
	Statements      atomic.Uint64 // carried out, failed ones included
	Failed          atomic.Uint64 // of these, failed
	StatementMicros atomic.Uint64 // time spent on statements, in microseconds
	RowsAnswered    atomic.Uint64
	ContactsWritten atomic.Uint64 // created or updated
	EventsWritten   atomic.Uint64
	RowsRejected    atomic.Uint64
}

func newMetrics() *Metrics { return &Metrics{} }

func (m *Metrics) statement(s Stats, err error) {
	m.Statements.Add(1)
	m.StatementMicros.Add(uint64(s.Elapsed.Microseconds()))
	m.RowsAnswered.Add(uint64(s.Rows))
	if err != nil {
		m.Failed.Add(1)
	}
}

func (m *Metrics) wrote(r change.Result, rejected int) {
	m.ContactsWritten.Add(r.Created + r.Updated)
	m.EventsWritten.Add(r.Events)
	m.RowsRejected.Add(uint64(rejected))
}
