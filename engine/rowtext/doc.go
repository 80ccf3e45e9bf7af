// Package rowtext owns the text forms of answers: the rows of Arrow records as CSV, as NDJSON, as the rows
// of one JSON document and as a Markdown table. It is made for exports of tens of millions of rows: cells
// are read straight from the records' buffers, without a call through an interface for each, and an Encoder
// has no state, so that pieces of one answer are encoded by many goroutines at once.
//
// It knows the Arrow types in which answers leave the engine and nothing of streams, files or HTTP
// (engine/tabular, cluster/httpd).
package rowtext
