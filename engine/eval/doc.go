// Package eval owns the evaluation of bound statements over one shard: it compiles a plan against a view,
// answers it chunk by chunk with the kernels, and merges the partial answers of many shards. It does not
// take latches, start goroutines or read clocks: the engine calls it while it holds a view.
//
// # Three altitudes
//
// Compile (once a statement and shard) turns the condition into a tree of nodes: constants become bounds
// of the column's own integers, patterns become tests of dictionary codes, conditions over events become
// as few counts and existence tests as possible, and NOT is pushed to the leaves.
//
// Chunk (up to 65,536 rows, or one block of events): a leaf asks the zone map first and scans only where
// it must; AND hands the rows still alive from term to term, cheapest first, and stops at none. Nothing
// is allocated here once a Worker has its scratch.
//
// Kernel (package storage/kernel): the loops.
//
// # Truth
//
// A node answers with the rows of which its condition is true, never with those of which it is not
// false. Since NOT stands at the leaves only, each leaf knows whether true or false rows are asked for,
// and a null is in neither: that is all of three-valued logic.
//
// Whatever has no vector path is evaluated row by row by engine/scalar over the rows still alive, with
// the contact's events gathered once a chunk. Both paths answer the same; the tests hold them together.
package eval
