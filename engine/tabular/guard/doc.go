// Package guard owns what stands between strangers' bytes and the decoders of Arrow and Parquet, which
// believe what they read: it walks metadata (FlatBuffers, Thrift), page headers and buffers before the library
// does, and bounds its memory. A file that passes makes no decoder panic, loop or allocate by a length that
// lies; whether its values make sense is the reader's business (package tabular).
package guard
