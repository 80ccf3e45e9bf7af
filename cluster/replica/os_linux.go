package replica

import (
	"os"
	"syscall"
)

// datasync makes a file's bytes and size durable, without its times.
func datasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// allocate reserves blocks, so that later writes into them cannot run full.
func allocate(f *os.File, size int64) error { return syscall.Fallocate(int(f.Fd()), 0, 0, size) }
