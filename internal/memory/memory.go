// Package memory tells tests how much memory this process takes.
package memory

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"
)

// Entries of /proc/self/status.
const (
	All       = "VmRSS"   // all that is resident
	Anonymous = "RssAnon" // what is not mapped from files
)

// Now returns an entry of /proc/self/status in bytes.
func Now(t testing.TB, entry string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), entry+":")
	var kb int
	if _, err = fmt.Sscan(rest, &kb); err != nil {
		t.Fatal(err)
	}
	return kb << 10
}

// Watch looks every millisecond at an entry, until the function it returns is
// called: that says by how many bytes it has risen. Until then the Go heap may double
// between collections, as it does by default, whatever GOGC is.
func Watch(t testing.TB, entry string) (rise func() int) {
	t.Helper()
	watching(1)
	before, most := Now(t, entry), 0
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-tick.C:
				most = max(most, Now(t, entry)-before)
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return func() int {
		close(done)
		<-over
		watching(-1)
		return most
	}
}

var watches struct {
	sync.Mutex
	n         int
	gcPercent int // of before the first
}

// watching counts the watches that there are, and sets GOGC for the first of them.
func watching(n int) {
	watches.Lock()
	defer watches.Unlock()
	if watches.n == 0 {
		watches.gcPercent = debug.SetGCPercent(100)
		runtime.GC()
	}
	if watches.n += n; watches.n == 0 {
		debug.SetGCPercent(watches.gcPercent)
	}
}

// Bound returns what a test may let memory rise by where its own memory is n bytes. The
// race detector keeps several bytes for each that is touched, so it is more with that.
func Bound(n int) int {
	if race {
		return 6 * n
	}
	return n
}
