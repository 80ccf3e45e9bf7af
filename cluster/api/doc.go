// Package api owns the one service behind every door: it takes a statement or a batch of rows, checks it
// against limits, binds it, has the node carry it out and hands the answer to the door record by record.
// Doors are codecs over it. It does not know HTTP or Flight (cluster/httpd), does not replicate and does
// not store (cluster/node and below).
package api
