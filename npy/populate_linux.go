package npy

import (
	"errors"
	"runtime"
	"sync"
	"syscall"
)

// What madvise(2) takes since Linux 5.14.
const (
	populateRead  = 22
	populateWrite = 23
)

// populatePart is how much a core populates at a time.
const populatePart = 16 << 20

// populate maps the pages of b, on all cores, and takes memory for those that are
// not in it.
func populate(b []byte, write bool) error {
	advice := populateRead
	if write {
		advice = populateWrite
	}
	parts := (len(b) + populatePart - 1) / populatePart
	workers := min(parts, runtime.GOMAXPROCS(0))
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := w; i < parts && errs[w] == nil; i += workers {
				part := b[i*populatePart : min((i+1)*populatePart, len(b))]
				for errs[w] = syscall.EINTR; errs[w] == syscall.EINTR; {
					errs[w] = syscall.Madvise(part, advice)
				}
			}
		})
	}
	wait.Wait()
	err := errors.Join(errs...)
	if errors.Is(err, syscall.EINVAL) {
		return nil // an older kernel: pages come one by one
	}
	return err
}
