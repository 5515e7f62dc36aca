package memory

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// Plateau runs step n times, and fails the test where memory in the second half of them
// is higher by more than slack bytes than it ever was in the first half. What an
// allocator keeps reaches its level in the first half, whatever that is; a leak goes on.
// So slack has to be less than what n/2 steps would leak, and settle, which may be nil,
// is what has to be done besides a collection to have nothing left over.
func Plateau(t testing.TB, n, slack int, settle func(), step func()) {
	t.Helper()
	const looks = 8 // in each half
	var most [2]int
	for half := range most {
		for look := range looks {
			for range share(n/2, looks, look) {
				step()
			}
			for range 2 { // the first lets go of what the second collects
				runtime.GC()
				if settle != nil {
					settle()
				}
			}
			debug.FreeOSMemory()
			most[half] = max(most[half], Now(t, Anonymous))
		}
	}
	t.Logf("%d steps: at most %d MB in the first half, %d in the second", n, most[0]>>20, most[1]>>20)
	if most[1]-most[0] > Bound(slack) {
		t.Errorf("memory has grown by %d MB from the first half of %d steps to the second, want a level (%d MB)",
			(most[1]-most[0])>>20, n, slack>>20)
	}
}

// share is how many of n things are the i-th of k parts.
func share(n, k, i int) int { return n*(i+1)/k - n*i/k }

// Level waits for a count of things that cleanups take down to be at most so many. It
// fails the test where that does not come.
func Level(t testing.TB, what string, have func() int64, most int64) {
	t.Helper()
	for range 100 { // cleanups run on another goroutine
		runtime.GC()
		if have() <= most {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("have %d %s, want %d", have(), what, most)
}
