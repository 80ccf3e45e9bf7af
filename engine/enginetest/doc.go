// Package enginetest owns the bench on which the engine is held to the oracle: a base of several shards
// that takes the oracle's writes through the bytes of the log and answers statements from their text, and
// the comparison of its answers with the oracle's. It does not know what is right (package oracle and the
// scripts do) and nothing of groups, files or doors; only tests import it.
package enginetest
