//go:build leakcheck

package live

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Counts is the number of objects by their kind.
type Counts struct {
	mu sync.Mutex
	n  map[string]int
}

// Add adds n objects of a kind, or takes them away.
func (c *Counts) Add(kind string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[string]int)
	}
	c.n[kind] += n
}

// String lists what there is: "2 session, 1 tensor".
func (c *Counts) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, k := range slices.Sorted(maps.Keys(c.n)) {
		if c.n[k] != 0 {
			list = append(list, fmt.Sprint(c.n[k], " ", k))
		}
	}
	return strings.Join(list, ", ")
}

// Left collects what is unreachable, calls reap, which gives back what waits for that,
// and returns what exists after all, as String lists it.
func (c *Counts) Left(reap func()) string {
	for range 100 { // cleanups, and steps that were left behind, end on other goroutines
		runtime.GC()
		reap()
		if c.String() == "" {
			return ""
		}
		time.Sleep(20 * time.Millisecond)
	}
	return c.String()
}
