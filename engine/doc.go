// Package engine owns one shard, one base's part in one group, as a state machine, and the workers that
// evaluate plans on shards. A Shard applies changes one at a time under its latch, answers plans either
// in one hold of the latch or through a pin, and is written to and read from images. It does not parse
// or bind (query), knows no log and no other shard (cluster), and reads no clock: instants come with the
// change or the plan.
package engine
