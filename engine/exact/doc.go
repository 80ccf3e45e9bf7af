// Package exact owns numbers that are never rounded behind the user's back: 128-bit integers and
// decimals, quotients, binary floats, and sums of floats that do not depend on the order of their terms.
//
// INT and DECIMAL add, subtract and multiply exactly in 128 bits, a division gives a quotient that is
// kept as a pair of 128-bit integers, and whatever does not fit is ErrOverflow: there is no wrapping and
// no silent loss. FLOAT with anything is FLOAT, by IEEE 754; comparisons are by exact value whatever the
// two sides are. The package does not know nulls, dates or durations (package scalar does).
package exact

import "errors"

// ErrOverflow is the error of a result that has no place in 128 bits, in 64 bits of a column's value, or
// in the range of a FLOAT.
var ErrOverflow = errors.New("the number does not fit: numbers are exact up to 128 bits in an expression and 64 bits in a column")

// ErrDivision is the error of a division by zero. The language makes it null.
var ErrDivision = errors.New("division by zero")

// ErrNaN is the error of an operation on infinite FLOATs that has no value. The language makes it null.
var ErrNaN = errors.New("the operation on infinite numbers has no value")

// ErrSyntax is the error of a text that is not a number.
var ErrSyntax = errors.New("not a number")
