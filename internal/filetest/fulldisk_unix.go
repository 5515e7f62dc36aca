//go:build unix

package filetest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// A full disk is played by a limit on the size of files, in a process of its own: every
// write past it fails, as it does past the last free block, and no disk has to be filled
// for it.
const (
	diskLimit    = 64 << 10
	fullDisk     = "NDFLOW_TEST_FULL_DISK" // has the arguments of the work
	separator    = "|"
	otherFailure = 3
)

// OnFullDisk runs the test's program once more, which does the work that it gave to
// [FullDiskWork], with these arguments. It returns what the work's error says; the test
// fails if that is not that a file could not grow.
func OnFullDisk(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fullDisk+"="+strings.Join(args, separator))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	said, err := cmd.Output()
	if err != nil {
		t.Errorf("%s: have %v: %s%s, want a file-too-large error", args[0], err, said, &stderr)
	}
	return string(said)
}

// FullDiskWork does the work, and ends the process, if [OnFullDisk] has started it. It is
// for an init function.
func FullDiskWork(work func(args []string) error) {
	args, ok := os.LookupEnv(fullDisk)
	if !ok {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: diskLimit, Max: diskLimit}
	err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	if err == nil {
		err = work(strings.Split(args, separator))
	}
	fmt.Println(err)
	// TensorFlow has strerror's words.
	if errors.Is(err, syscall.EFBIG) || err != nil && strings.Contains(err.Error(), "File too large") {
		os.Exit(0)
	}
	os.Exit(otherFailure)
}
