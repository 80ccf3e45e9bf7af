// Package complete owns what an editor asks while a statement is being written: what could stand at the cursor,
// and what kind of thing each word is. It works on words and not on the grammar, because what is being written
// is no statement yet: wherever the cursor is and whatever stands before it, there is an answer. It knows
// the names of one base and asks its caller for the values that are frequent in them.
package complete
