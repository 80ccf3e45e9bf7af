// Package tabular owns the way between files or streams and batches of rows: CSV, NDJSON, Parquet and Arrow
// (stream and file), each plain, .gz or .zst, read and written. It is used by the client's loader and by the
// server's bulk ingest; what it reads is never trusted.
//
// A Reader gives batches of up to BatchRows source rows with a hash of their decoded content, so that a load
// that was cut off can tell whether the file is still the same. A row that cannot be read is a RowError, not
// the end. Convert turns a column into the typed form that a change holds. Writers take Arrow records.
//
// The package knows types and limits (storage/schema, storage/change), not bases, rows stored or statements.
package tabular
