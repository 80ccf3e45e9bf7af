package load

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/musterdb/muster/cluster/client"
	"github.com/musterdb/muster/engine/tabular"
	"github.com/musterdb/muster/query/ast"
	"github.com/musterdb/muster/query/diag"
	"github.com/musterdb/muster/query/print"
)

// Export carries out COPY (SELECT …) TO 'file' and returns how many rows the file has. The file appears
// under its name only when it is whole.
func Export(ctx context.Context, c *client.Client, base string, stmt *ast.CopyTo, params map[string]any) (rows int64, err error) {
	answer, err := c.Ask(ctx, client.Statement{Base: base, Text: print.Stmt(stmt.Query), Params: params}, "arrow")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	r, err := ipc.NewReader(answer.Body)
	if err != nil {
		return 0, fmt.Errorf("the answer cannot be read: %w", err)
	}
	defer r.Release()
	f, err := tabular.Create(stmt.File.Text, tabular.Auto, r.Schema())
	if err != nil {
		return 0, unwritable(stmt.File, err)
	}
	defer f.Abort()
	for r.Next() {
		if err := f.Write(r.Record()); err != nil {
			return 0, err
		}
		rows += r.Record().NumRows()
	}
	if err := r.Err(); err != nil {
		return 0, fmt.Errorf("the answer was cut off, nothing was written: %w", err)
	}
	return rows, f.Commit()
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
