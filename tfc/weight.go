package tfc

import (
	"runtime"
	"sync/atomic"
	"time"
)

// The garbage collector does not see memory that C holds, so dropped views of
// large outputs, or dropped sessions, could pile up to gigabytes before it has
// a reason to run. So objects tell their weight, and once what they add up to
// has grown by more than minGrowth and has doubled since the last collection,
// the object that tips the scale starts one.

const minGrowth = 256 << 20

// What the collector cannot know of an object itself: threads, executors,
// caches. Rough is enough.
const (
	sessionWeight = 16 << 20
	graphWeight   = 1 << 20
)

var weight struct {
	live  atomic.Int64 // bytes held by C on behalf of reachable or dropped objects
	limit atomic.Int64 // collect when live passes this

	collecting atomic.Bool // weigh waits for cleanups
}

func init() { weight.limit.Store(minGrowth) }

// weigh says that C holds n more bytes for an object that a cleanup frees.
func weigh(n int64) {
	live, limit := weight.live.Add(n), weight.limit.Load()
	if live < limit || !weight.limit.CompareAndSwap(limit, live+max(live, minGrowth)) {
		return
	}
	weight.collecting.Store(true)
	runtime.GC()
	// Cleanups run beside us, and slower than a loop that drops objects makes
	// new ones. They are waited for as long as they give something back.
	// Other goroutines that give things back look the same, hence the bound.
	const tick, mostTicks, mostIdle = 500 * time.Microsecond, 400, 4
	for ticks, idle := 0, 0; ticks < mostTicks && idle < mostIdle; ticks++ {
		before := weight.live.Load()
		time.Sleep(tick)
		idle++
		if weight.live.Load() < before {
			idle = 0
		}
	}
	live = weight.live.Load()
	weight.limit.Store(live + max(live, minGrowth))
	weight.collecting.Store(false)
	gaveBack(0)
}

// unweigh undoes weigh.
func unweigh(n int64) {
	live := weight.live.Add(-n)
	if limit := weight.limit.Load(); limit > 2*max(live, minGrowth) {
		weight.limit.CompareAndSwap(limit, max(2*live, minGrowth))
	}
	gaveBack(n)
}
