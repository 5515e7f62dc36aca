package graph

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// rss is the resident memory of the process in bytes, after a collection.
func rss(t testing.TB) int {
	t.Helper()
	runtime.GC() // runs the cleanups, which the next one collects after
	debug.FreeOSMemory()
	return memory(t, "VmRSS")
}

// memory returns an entry of /proc/self/status in bytes: VmRSS is all that is
// resident, RssAnon what is not mapped from files.
func memory(t testing.TB, entry string) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	_, rest, _ := strings.Cut(string(status), entry+":")
	var kb int
	_, err = fmt.Sscan(rest, &kb)
	must(t, err)
	return kb << 10
}

// watchMemory looks every millisecond at an entry of /proc/self/status, until
// the function it returns is called: that says by how many bytes it has risen.
func watchMemory(t testing.TB, entry string) (rise func() int) {
	t.Helper()
	before, most := memory(t, entry), 0
	done, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for tick := time.NewTicker(time.Millisecond); ; {
			select {
			case <-tick.C:
				most = max(most, memory(t, entry)-before)
			case <-done:
				tick.Stop()
				return
			}
		}
	}()
	return func() int {
		close(done)
		<-over
		return most
	}
}
