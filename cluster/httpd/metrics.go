package httpd

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/musterdb/muster/cluster/api"
)

// metricsHandler publishes the service's counters in Prometheus' text format.
func metricsHandler(svc *api.Service) http.Handler {
	m := svc.Metrics()
	reg := prometheus.NewRegistry()
	counter := func(name, help string, value func() float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
	}
	counter("muster_statements_total", "Statements carried out, failed ones included.", func() float64 { return float64(m.Statements.Load()) })
	counter("muster_statements_failed_total", "Statements that failed.", func() float64 { return float64(m.Failed.Load()) })
	counter("muster_statement_seconds_total", "Time spent on statements.", func() float64 { return float64(m.StatementMicros.Load()) / 1e6 })
	counter("muster_rows_answered_total", "Rows answered.", func() float64 { return float64(m.RowsAnswered.Load()) })
	counter("muster_contacts_written_total", "Contacts created or updated.", func() float64 { return float64(m.ContactsWritten.Load()) })
	counter("muster_events_written_total", "Events stored.", func() float64 { return float64(m.EventsWritten.Load()) })
	counter("muster_rows_rejected_total", "Rows rejected with a reason.", func() float64 { return float64(m.RowsRejected.Load()) })
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "muster_ready", Help: "1 if every group serves."}, func() float64 {
		if svc.Ready() != nil {
			return 0
		}
		return 1
	}))
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}
