package tfc

// #include "plan.h"
import "C"

// FetchStats says how the results of one fetch have come out of a plan's steps.
type FetchStats struct {
	Placed uint64 // written by TensorFlow into the array where they landed
	Copied uint64 // copied there
	Kept   uint64 // kept for Take
	Why    string // why the last one that landed was copied; empty if it was placed, or none has landed
}

// whys are the reasons of place.h in words.
var whys = map[C.ndf_why]string{
	C.NDF_PLACED:      "",
	C.NDF_NO_STEP:     "",
	C.NDF_OFF:         "placement is off",
	C.NDF_STRINGS:     "strings are always copied",
	C.NDF_ON_POOL:     "the step ran on the pool, not inline",
	C.NDF_CANCELLABLE: "the step could be cancelled while it ran",
	C.NDF_SMALL:       "it is small (less than 4096 bytes)",
	C.NDF_MISALIGNED:  "the array is not aligned to 64 bytes",
	C.NDF_REHEARSED:   "the first steps for each input shape are rehearsals",
	C.NDF_FOREIGN:     "its memory was not allocated in the step: it is an input, a constant, a variable, or of another device",
	C.NDF_PART:        "its memory is a part of a larger allocation",
	C.NDF_SHARED:      "it shares its memory with another output",
	C.NDF_RETAINED:    "TensorFlow keeps its memory after the step",
	C.NDF_VARIES:      "the step's allocations vary from run to run",
	C.NDF_MISSED:      "the step's allocations were not those of the rehearsal",
	C.NDF_ESCAPED:     "an earlier step has kept a placed result",
}

// Stats says how the results of fetch i have come out of the steps so far.
func (p *Plan) Stats(i int) FetchStats {
	if p.res.closed {
		return FetchStats{}
	}
	return p.res.fetches[i].stats()
}

func (f *planFetch) stats() FetchStats {
	return FetchStats{
		Placed: uint64(f.c.num_placed), Copied: uint64(f.c.num_copied), Kept: uint64(f.c.num_kept),
		Why: whys[f.c.why],
	}
}
