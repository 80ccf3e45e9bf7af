package api

import (
	"context"
	"errors"

	"github.com/musterdb/muster/engine"
	"github.com/musterdb/muster/query/diag"
)

// explain turns whatever ended a statement into a *diag.Error with the statement's text.
func (s *Service) explain(ctx context.Context, req Request, err error) error {
	if err == nil {
		return nil
	}
	var known *diag.Error
	if errors.As(err, &known) {
		return place(withCause(ctx, known), req.Text)
	}
	var bug *engine.PanicError
	switch {
	case errors.As(err, &bug):
		s.cfg.Logger.Error("a statement panicked", "cause", bug.Cause, "statement", clip(req.Text), "stack", bug.Stack)
		return diag.New(diag.Internal, diag.Span{}, "%v", bug)
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		// whatever else went wrong by then came of the end, as a write to a client who was given up
		if cause := context.Cause(ctx); errors.As(cause, &known) {
			return known
		}
		return diag.New(diag.Canceled, diag.Span{}, "the statement was cancelled")
	case errors.Is(err, engine.ErrShardClosed):
		return diag.New(diag.Unavailable, diag.Span{}, "the base was dropped, or the server is stopping, while the statement ran")
	case errors.Is(err, engine.ErrPoolClosed):
		return diag.New(diag.Unavailable, diag.Span{}, "%v", err)
	}
	s.cfg.Logger.Error("a statement failed", "err", err, "statement", clip(req.Text))
	return diag.New(diag.Internal, diag.Span{}, "%v", err)
}

// withCause says of a statement that was ended on its way what ended it. What it says itself is added if it is
// more than that: that a write may be in all the same, or how many are.
func withCause(ctx context.Context, err *diag.Error) *diag.Error {
	var why *diag.Error
	if err.Code != diag.Canceled || !errors.As(context.Cause(ctx), &why) || why == err {
		return err
	}
	if err.Hint == "" {
		return why
	}
	said := *err
	said.Code, said.Msg = why.Code, why.Msg+"; "+err.Msg
	return &said
}

// place gives an error the statement's text unless it has one or points nowhere. Errors of the catalog
// are shared values: a copy is changed.
func place(err *diag.Error, text string) error {
	if err.Text != "" || err.Span == (diag.Span{}) {
		return err
	}
	placed := *err
	return placed.In(text)
}

// clip bounds a statement in the log.
func clip(text string) string {
	const most = 500
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
