// Package gather owns the copying of chosen rows out of stored columns into Arrow records: a loop for each
// encoding, into memory that is there beforehand. What it makes shares no memory with the columns.
//
// It does not choose rows (engine/eval) and does not write them as text (engine/rowtext).
package gather
