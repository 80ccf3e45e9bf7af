// Package house holds the tests of the tree itself: which package may import which, who alone may use
// a third-party library, and that every package and exported name says what it is. It has no code.
package house
