package tfc

// #include "floor.h"
import "C"

import (
	"fmt"
	"runtime"
)

// Floor runs the plan's step n times in one C call, as a plain C program would:
// the floor for benchmarks, what any binding could do at best. All fetches must
// have a landing array, and nothing may be strings.
func (p *Plan) Floor(n int, s Step) error {
	r := p.res
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.ended {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	if r.unfed > 0 || r.strings {
		return fmt.Errorf("tfc: floor: every feed needs an array, none of strings")
	}
	for i := range r.fetches {
		if r.fetches[i].c.dst == nil {
			return fmt.Errorf("tfc: floor: fetch %d has no array to land in", i)
		}
	}
	r.setStep(s)
	ok := C.ndf_floor_run(r.c, C.long(n))
	runtime.KeepAlive(p)
	if !ok {
		return statusError(r.c.out.status)
	}
	return nil
}

// Memcpy copies src to dst n times in one C call, with the C library's memcpy: the
// floor for benchmarks of copies. The slices must be of one length and must not
// overlap.
func Memcpy(dst, src []byte, n int) error {
	if len(dst) != len(src) {
		return fmt.Errorf("tfc: memcpy: have %d bytes for %d", len(dst), len(src))
	}
	C.ndf_floor_memcpy(start(dst), start(src), C.size_t(len(dst)), C.long(n))
	return nil
}
