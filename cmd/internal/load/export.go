package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
)

// Export carries out COPY (SELECT …) TO 'file' and returns how many rows the file has. The file appears
// under its name only when it is whole. CSV and NDJSON come from the server as they are written, for it makes
// them on all its cores; the other formats are made here of an Arrow stream.
func Export(ctx context.Context, c *client.Client, base string, stmt *ast.CopyTo, params map[string]any) (rows int64, err error) {
	format, _ := tabular.FormatOf(stmt.File.Text)
	wire := "arrow"
	if format == tabular.CSV || format == tabular.NDJSON {
		wire = format.String()
	}
	answer, err := c.Ask(ctx, client.Statement{Base: base, Text: print.Stmt(stmt.Query), Params: params}, wire)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	switch format {
	case tabular.CSV:
		return exportText(stmt.File, func(w io.Writer) (int64, error) { return copyCSV(w, answer) })
	case tabular.NDJSON:
		return exportText(stmt.File, func(w io.Writer) (int64, error) { return copyLines(w, answer.Body) })
	}
	return exportRecords(answer, stmt.File)
}

// exportText writes a file of what copy gets.
func exportText(name *ast.Literal, copy func(io.Writer) (int64, error)) (int64, error) {
	f, err := tabular.CreateBytes(name.Text)
	if err != nil {
		return 0, unwritable(name, err)
	}
	defer f.Abort()
	rows, err := copy(f)
	if err != nil {
		return 0, err
	}
	return rows, f.Commit()
}

// exportRecords writes a file of an Arrow stream.
func exportRecords(answer *client.Answer, name *ast.Literal) (rows int64, err error) {
	r, err := ipc.NewReader(answer.Body)
	if err != nil {
		return 0, fmt.Errorf("the answer cannot be read: %w", err)
	}
	defer r.Release()
	f, err := tabular.Create(name.Text, tabular.Auto, r.Schema())
	if err != nil {
		return 0, unwritable(name, err)
	}
	defer f.Abort()
	for r.Next() {
		if err := f.Write(r.Record()); err != nil {
			return 0, err
		}
		rows += r.Record().NumRows()
	}
	if err := r.Err(); err != nil {
		return 0, cutOff(err)
	}
	return rows, f.Commit()
}

func cutOff(err error) error {
	return fmt.Errorf("the answer was cut off, nothing was written: %w", err)
}

// unwritable is the error of a file that cannot be made. It leaves out the name under which it is made.
func unwritable(name *ast.Literal, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return diag.New(diag.Invalid, name.At, "%s cannot be written: %v", name.Text, path.Err).
			WithHint("name a file in a folder that exists and that you may write to")
	}
	return diag.New(diag.Invalid, name.At, "the file cannot be written: %v", err)
}
