// Package node owns the groups of this node: the meta group with the catalog and the 16 data groups with
// the shards. It brings writes to the groups that hold their contacts, brings schema changes to shards
// before the first write that needs them, keeps the housekeeping of shards going, and asks all shards of
// a base when a plan is evaluated. It does not parse or bind statements (cluster/api) and does not know
// how a group replicates (cluster/replica) or how a shard stores (engine).
package node
