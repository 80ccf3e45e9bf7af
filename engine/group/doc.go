// Package group owns the groups of grouped statements: which rows are of one group, the states of the
// totals of each, the Arrow records in which states travel from shard to coordinator, and their exact
// merging. It does not know where rows come from (package eval feeds it) nor how an answer is ordered.
//
// A Table gives each combination of values a slot. Values group as = compares: DECIMAL 1.0 and 1.00 are one
// group, and so are the FLOATs −0 and 0; null is a value of its own. A slot's totals are states that can be
// added to one at a time, by slices, or by merging a state of another table, and that are the same
// whatever the order: sums have room to spare and are asked whether they fit at the end only.
//
// What a table holds is counted against a budget, beyond which adding fails with a diag.Limit.
package group
