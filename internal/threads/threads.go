// Package threads says how many threads TensorFlow is to have where a program does not.
// TensorFlow counts the processors that it may be scheduled on, and knows nothing of the
// quota of a container: with a quota of one processor on a machine of 64 its 64 threads
// would use up each period's share at once, and stand still for the rest of it.
package threads

import (
	"math"
	"os"
	"runtime"

	"ndflow/internal/tfpb"
)

// Usable returns how many processors this process can keep busy: as many as it sees,
// at most GOMAXPROCS, and at most the quota of its cgroups, rounded up. Go's own
// default for GOMAXPROCS heeds the quota too, but is never below two for it.
func Usable() int {
	n := runtime.GOMAXPROCS(0)
	if q, ok := quota(os.DirFS("/")); ok {
		n = min(n, max(1, int(math.Ceil(q))))
	}
	return min(n, runtime.NumCPU())
}

// Bound sets what is 0 in config, which stands for as many threads as there are
// processors, to [Usable] where that is fewer. TensorFlow's own environment variables
// count before it, and what they say is left alone.
func Bound(config *tfpb.ConfigProto) {
	n := Usable()
	if n >= runtime.NumCPU() {
		return
	}
	if config.IntraOpParallelismThreads == 0 && os.Getenv("TF_NUM_INTRAOP_THREADS") == "" {
		config.IntraOpParallelismThreads = int32(n)
	}
	if config.InterOpParallelismThreads == 0 && os.Getenv("TF_NUM_INTEROP_THREADS") == "" {
		config.InterOpParallelismThreads = int32(n)
	}
}
