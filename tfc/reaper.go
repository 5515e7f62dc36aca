package tfc

import (
	"fmt"
	"os"
	"sync"
)

// reaper ends holds of device memory when TensorFlow is done with it. The
// deallocator, which must not call into Go, writes a byte into a pipe.
var reaper struct {
	sync.Once
	write *os.File
	fd    uintptr // of write
	err   error
}

// wakeReaper returns what the deallocator writes to.
func wakeReaper() (fd uintptr, err error) {
	reaper.Do(func() {
		read, write, err := os.Pipe()
		if err != nil {
			reaper.err = fmt.Errorf("tfc: a pipe for TensorFlow's deallocators: %w", err)
			return
		}
		reaper.write = write
		raw, err := write.SyscallConn() // unlike Fd it leaves the pipe as it is, so that writing never waits
		if err == nil {
			err = raw.Control(func(fd uintptr) { reaper.fd = fd })
		}
		reaper.err = err
		go reap(read)
	})
	return reaper.fd, reaper.err
}

func reap(read *os.File) {
	var bytes [64]byte
	for {
		if _, err := read.Read(bytes[:]); err != nil {
			return
		}
		holds.Lock()
		reapHolds()
		holds.Unlock()
	}
}
