package tfc

// #include "floor.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"ndflow/npy"
)

// The floors are for benchmarks: a plan's step as a plain C program would run it,
// in one C call for all repetitions, which is what any binding could do at best.

// Floor runs the plan's step n times, on input tensors that are made once, and
// copies the results to the arrays of Into; a fetch without one is dropped. Nothing
// may be strings.
func (p *Plan) Floor(n int, s Step) error {
	return p.floor(s, func(c *C.ndf_plan) C.bool { return C.ndf_floor_run(c, C.long(n)) })
}

// FloorFeed is Floor whose input tensors are made anew for each step: over the fed
// arrays, which must be aligned to npy.Align then, or as copies of them.
func (p *Plan) FloorFeed(n int, s Step, inPlace bool) error {
	if inPlace {
		for i := range p.res.feeds {
			if a := p.res.feeds[i].array; a != nil && uintptr(unsafe.Pointer(unsafe.SliceData(a.Bytes())))%npy.Align != 0 {
				return fmt.Errorf("tfc: floor: feed %d: %w", i, ErrAligned)
			}
		}
	}
	return p.floor(s, func(c *C.ndf_plan) C.bool { return C.ndf_floor_feed(c, C.long(n), C.bool(inPlace)) })
}

// FloorRows walks axis 0 of the fed arrays from row lo up to row hi, so many rows a
// step, and brings the results to the same rows of the arrays of Into.
func (p *Plan) FloorRows(lo, hi, batch int, s Step) error {
	for i := range p.res.feeds {
		if a := p.res.feeds[i].array; a != nil && (a.NDim() == 0 || lo < 0 || hi > a.Dim(0) || batch < 1) {
			return fmt.Errorf("tfc: floor: feed %d: %v has no rows %d to %d", i, a.Shape(), lo, hi)
		}
	}
	for i := range p.res.fetches {
		if a := p.res.fetches[i].dst; a != nil && (a.NDim() == 0 || hi > a.Dim(0)) {
			return fmt.Errorf("tfc: floor: fetch %d: %v has no rows %d to %d", i, a.Shape(), lo, hi)
		}
	}
	return p.floor(s, func(c *C.ndf_plan) C.bool {
		return C.ndf_floor_rows(c, C.long(lo), C.long(hi), C.long(batch))
	})
}

// FloorStrings is Floor for a step whose only result is strings: their bytes go to
// block, one string behind the other, and where each ends to ends. Both must be
// large enough.
func (p *Plan) FloorStrings(n int, s Step, block []byte, ends []int64) error {
	if len(p.res.fetches) != 1 || p.res.fetches[0].dt.DType() != npy.String {
		return errors.New("tfc: floor: want one fetch, of strings")
	}
	return p.floorAny(s, func(c *C.ndf_plan) C.bool {
		return C.ndf_floor_strings(c, C.long(n), (*C.char)(unsafe.Pointer(unsafe.SliceData(block))), (*C.int64_t)(unsafe.SliceData(ends)))
	})
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

func (p *Plan) floor(s Step, run func(*C.ndf_plan) C.bool) error {
	if p.res.strings {
		return errors.New("tfc: floor: a feed or an array is of strings")
	}
	return p.floorAny(s, run)
}

func (p *Plan) floorAny(s Step, run func(*C.ndf_plan) C.bool) error {
	r := p.res
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || r.ended {
		return fmt.Errorf("tfc: plan: %w", ErrClosed)
	}
	if r.unfed > 0 {
		return errors.New("tfc: floor: every feed needs an array")
	}
	r.setStep(s)
	ok := run(r.c)
	runtime.KeepAlive(p)
	if !ok {
		return statusError(r.c.out.status)
	}
	return nil
}

// FloorOps executes eager ops one after the other, all of them n times. Each result
// is copied to the array that it has landed in, in a RunInto before, or else goes to
// its target, which later ops can have as an input. Nobody else may use the tensors
// meanwhile.
func FloorOps(n int, ops ...*EagerOp) error {
	list := make([]*C.ndf_op, len(ops))
	made := map[*Handle]bool{}
	for i, o := range ops {
		if err := o.lock(); err != nil {
			return err
		}
		defer o.res.mu.Unlock()
		list[i] = o.res.c
		for k, in := range o.inputs {
			if in == nil {
				return fmt.Errorf("tfc: floor: op %d: input %d is not set", i, k)
			}
			if _, err := in.DataType(); err != nil && !made[in] {
				return fmt.Errorf("tfc: floor: op %d: %w", i, &InputClosedError{Input: k})
			}
		}
		for k, t := range o.targets {
			if o.res.fetches[k].c.dst == nil && t == nil {
				return fmt.Errorf("tfc: floor: op %d: output %d has neither an array nor a target", i, k)
			}
			made[t] = true
		}
	}
	failed := C.ndf_op_floor(unsafe.SliceData(list), C.int(len(list)), C.long(n))
	runtime.KeepAlive(ops)
	if failed != nil {
		return statusError(failed.out.status)
	}
	return nil
}
