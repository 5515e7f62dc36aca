package npy

import (
	"fmt"
	"os"
	"runtime"

	"ndflow/internal/tempfile"
)

// unfinished is what the writers have in common whose files get their names when they
// are complete.
type unfinished struct {
	path    string
	temp    *tempfile.File
	err     error // what broke the file; what Close says from then on
	closed  bool
	cleanup runtime.Cleanup // of the writer
}

// close completes the file, or removes it where that fails, or a Write has.
func (u *unfinished) close(complete func() error) error {
	if u.closed {
		return u.err
	}
	u.closed = true
	u.cleanup.Stop()
	if u.err == nil {
		u.err = complete()
	}
	if u.err != nil {
		u.temp.Discard()
	}
	return u.err
}

func (u *unfinished) abort() error {
	if u.closed {
		return nil
	}
	u.closed = true
	u.err = fmt.Errorf("npy: %s: aborted: %w", u.path, os.ErrClosed)
	u.cleanup.Stop()
	if err := u.temp.Discard(); err != nil {
		return fmt.Errorf("npy: %s: %w", u.path, err)
	}
	return nil
}
