// Package storage owns one shard: one base's contacts and events in one group, in Arrow memory outside
// the Go heap, with the index from ids to rows, reuse of deleted rows, pins for readers, images and the
// hash of the whole content. Columns are package column's, events package tile's, changes package
// change's. It evaluates nothing, reads no clock and no files, and takes no locks: whoever holds a Shard
// (package engine) keeps Commit away from readers.
//
// A contact has a row for life. Rows are numbered from 0 in chunks of schema.ChunkRows; a deleted row is
// given to another contact only after its events have been swept. Applying the same changes to the same
// state gives the same rows, whatever the machine does.
package storage
