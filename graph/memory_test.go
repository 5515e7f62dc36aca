package graph

import (
	"runtime"
	"runtime/debug"
	"testing"

	"ndflow/internal/memory"
)

// rss is the resident memory of the process in bytes, after a collection.
func rss(t testing.TB) int {
	t.Helper()
	runtime.GC() // runs the cleanups, which the next one collects after
	debug.FreeOSMemory()
	return memory.Now(t, memory.All)
}
