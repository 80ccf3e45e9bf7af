//go:build !linux

package replica

import "os"

// datasync makes a file durable.
func datasync(f *os.File) error { return f.Sync() }

// allocate writes zeros, because there is no portable way to reserve blocks.
func allocate(f *os.File, size int64) error {
	zeros := make([]byte, 1<<20)
	for off := int64(0); off < size; off += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-off)], off); err != nil {
			return err
		}
	}
	return nil
}
