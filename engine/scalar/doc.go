// Package scalar owns the meaning of expressions, one row at a time: three-valued logic, exact numbers,
// text tests, dates, casts and the functions of single values. It is the obviously right evaluator inside
// the engine, used where there is no vector path, for COPY's mappings, UPSERT's values and select lists,
// and as the reference that fast kernels are tested against. Compiling does once what can be done once
// (patterns, regular expressions, IN sets).
//
// It does not know how rows are stored: a Row is asked for attributes, properties and what a contact did.
// It does not read the clock: Env carries the statement's.
package scalar
