package tfc

// #include "trim.h"
import "C"

import (
	"math"
	"sync"
	"sync/atomic"
)

// glibc's malloc keeps what is freed. Once a large block has been freed it takes
// later ones, of up to 32 MB, from arenas, where an aligned block often does not fit
// into the gap that one of the same size has left. So arenas grow to several times
// what is in use. TensorFlow allocates in this way on processors where it leaves
// oneDNN off; with oneDNN it has a pool of its own.
//
// The settings of malloc (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD) stop that, but every
// block is then made of pages that the kernel has to clear: a CNN takes 1.5 times as
// long, a step with 8 MB of results 3 times. So they are left alone, and free pages
// are given back when there are too many of them. What is too many is judged as
// weigh does: a process may have as much of them as is live, and at least minGrowth.

const (
	spareLook  = 32 << 20 // so many bytes are given back between two looks
	spareSlack = 64 << 20 // so that what weigh lets pile up can be used again and again
)

// spare is when free memory is looked at.
var spare struct {
	given atomic.Int64 // bytes that objects gave back since the last look
	look  atomic.Int64 // look when that many were

	sync.Mutex       // of a look
	floor      int64 // what the process had besides live objects, after the last trim
}

func init() {
	spare.look.Store(spareLook)
	spare.floor = math.MaxInt64 // until the first look
}

// gaveBack says that so many bytes were given back to malloc. While weigh waits for
// cleanups, which call this one by one, nothing is trimmed: it would hold them up.
func gaveBack(n int64) {
	if spare.given.Add(n) >= spare.look.Load() && !weight.collecting.Load() && spare.TryLock() {
		spare.given.Store(0)
		lookForSpare()
	}
}

// lookForSpare trims where the process has more memory besides live objects than it may.
// Its caller has locked spare.
func lookForSpare() {
	defer spare.Unlock()
	have, live := Resident(), weight.live.Load()
	if !CanTrim() || have < 0 {
		return
	}
	spare.look.Store(spareLook)
	spare.floor = min(spare.floor, have-live)
	if have-live-spare.floor <= max(live, minGrowth)+spareSlack {
		return
	}
	Trim()
	left := Resident()
	// What a trim costs is in proportion to what it gives back.
	spare.look.Store(max(spareLook, have-left))
	// What is left is in use, if not by objects that are known here.
	spare.floor = left - weight.live.Load()
}

// Trimmer keeps down what malloc keeps, for bulk work that allocates and frees large
// blocks one after another and does so slowly enough that cleared pages do not matter.
// The zero Trimmer is ready for use; it is for one goroutine at a time.
type Trimmer struct {
	done, after int64
}

// How much a Trimmer lets pass, and malloc keep.
const (
	trimEvery = 8 << 20
	trimSpare = 1 << 20
)

// Done is called for n bytes that were worked on, when they have been given back.
func (t *Trimmer) Done(n int64) {
	if t.done += n; t.done < trimEvery {
		return
	}
	t.done = 0
	have := Resident()
	if have > t.after+trimSpare { // the first time, whatever it is
		Trim()
		t.after = Resident()
	}
}

// CanTrim reports whether [Trim] does anything, which is so with glibc.
func CanTrim() bool { return bool(C.ndf_can_trim()) }

// Trim gives free memory that the C library's malloc keeps back to the system
// (malloc_trim). Memory that is needed again has to be cleared again by the kernel, so
// it is for after bulk work. Where objects of this package are freed, it is called when
// that is worth while.
func Trim() { C.ndf_trim() }

// Weighed returns how many bytes C holds for objects of this package that have not been
// closed or collected, by what the package knows of them.
func Weighed() int64 { return weight.live.Load() }

// Resident returns how much memory of this process is resident and not of a file, in
// bytes; -1 where the system does not say.
func Resident() int64 { return int64(C.ndf_anonymous()) }
