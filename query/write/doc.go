// Package write owns the meaning of statements that change something: UPSERT, TRACK, the mapping of COPY …
// FROM and the id of DELETE CONTACT become plans of constants or of a file's columns, and DDL becomes the
// edited schema. Expressions are bound by package bind; applying the plans is the cluster's business.
package write
