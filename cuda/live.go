//go:build leakcheck

package cuda

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// live counts the objects of the driver of each kind that exist. It is there in builds
// with the tag leakcheck, in which tests fail when objects are left over.
var live liveCounts

type liveCounts struct {
	mu sync.Mutex
	n  map[string]int
}

func (l *liveCounts) add(kind string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.n == nil {
		l.n = make(map[string]int)
	}
	l.n[kind] += n
}

func (l *liveCounts) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(l.n)) {
		if l.n[k] != 0 {
			fmt.Fprintf(&b, " %d %s", l.n[k], k)
		}
	}
	return b.String()
}

// CheckLeaks returns an error that lists the objects of the driver that exist after what
// is unreachable has been collected. It checks only in builds with the tag
// leakcheck; a TestMain calls it last.
func CheckLeaks() error {
	for range 100 { // cleanups and copies end on other goroutines
		runtime.GC()
		reap()
		if live.String() == "" {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("cuda: left over:%v", live.String())
}
