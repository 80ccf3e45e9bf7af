//go:build unix

package replica

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A lock that is held is tried again for a while: a process that this one is starting holds every lock of
// this one between fork and exec, also those that are given up meanwhile.
const (
	lockTries = 50
	lockPause = 10 * time.Millisecond
)

// lockDir takes the directory for this process. The lock ends with the process.
func lockDir(dir string) (io.Closer, error) {
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	for try := 1; try < lockTries && errors.Is(err, syscall.EWOULDBLOCK); try++ {
		time.Sleep(lockPause)
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = fmt.Errorf("%w: %s; stop that process or choose another directory", ErrInUse, dir)
	case err != nil:
		err = fmt.Errorf("locking %s: %w", dir, err)
	default:
		return f, nil
	}
	f.Close()
	return nil, err
}

// freeBytes returns what an unprivileged process may still write on dir's volume.
func freeBytes(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), nil //nolint:unconvert // signed on some unixes
}
