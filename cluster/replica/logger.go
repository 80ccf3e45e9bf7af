package replica

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// raftLogger hands what raft and raft-wal log to l. With one voter their
// information and warnings tell nothing an operator could act on, so only
// errors keep their level.
func raftLogger(l *slog.Logger) hclog.Logger {
	if l == nil {
		return hclog.NewNullLogger()
	}
	h := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Info})
	h.RegisterSink(slogSink{l})
	return h
}

type slogSink struct{ l *slog.Logger }

// Accept implements hclog.SinkAdapter.
func (s slogSink) Accept(name string, level hclog.Level, msg string, args ...any) {
	if level < hclog.Info {
		return
	}
	to := slog.LevelDebug
	if level >= hclog.Error {
		to = slog.LevelError
	}
	if !s.l.Enabled(context.Background(), to) {
		return
	}
	attrs := make([]any, len(args))
	for i, a := range args {
		attrs[i] = a
		if f, ok := a.(hclog.Format); ok {
			attrs[i] = fmt.Sprintf(f[0].(string), f[1:]...)
		}
	}
	s.l.Log(context.Background(), to, "raft: "+msg, attrs...)
}
