package tfc

// #include "tstring.h"
import "C"

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"ndflow/npy"
)

// tstring is ndf_tstring as Go reads and writes it: plain words, so that
// strings cross without a cgo call each.
type tstring [3]uint64

const (
	tstringSize  = int(unsafe.Sizeof(tstring{}))
	smallMax     = C.NDF_TSTR_SMALL_MAX
	stagingChunk = 1 << 20
	kindMask     = C.NDF_TSTR_MASK
	kindSmall    = C.NDF_TSTR_SMALL
	kindLarge    = C.NDF_TSTR_LARGE
	kindOffset   = C.NDF_TSTR_OFFSET
	kindView     = C.NDF_TSTR_VIEW
)

// checkStrings returns an error where the library keeps strings in the way that
// was given up in 2.4, which came with TF_StringInit.
func checkStrings() error {
	if !C.ndf_has_TF_StringInit() {
		return unsupported("TF_StringInit", "string tensors")
	}
	return nil
}

// newStrings returns a C tensor that holds copies of the strings of a.
func newStrings(a *npy.Array) (*C.TF_Tensor, error) {
	if err := checkStrings(); err != nil {
		return nil, err
	}
	values, err := npy.Values[string](a)
	if err != nil {
		return nil, fmt.Errorf("tfc: %w", err)
	}
	n := len(values)
	c := C.ndf_strings_new(C.size_t(n))
	if c == nil {
		return nil, outOfMemory(n * tstringSize)
	}
	if err := fillStrings(c, values); err != nil {
		C.ndf_strings_free(c, C.size_t(n))
		return nil, err
	}
	dims := cDims(a.Shape())
	t := C.ndf_strings_tensor(c, C.size_t(n), ptr(dims), C.int(len(dims)))
	if t == nil {
		return nil, outOfMemory(n * tstringSize)
	}
	return t, nil
}

// fillStrings writes short strings in place, which needs no C call. The bytes
// of long ones are gathered, a chunk at a time, for C to move into memory of
// their own.
func fillStrings(c *C.ndf_tstring, values []string) error {
	out := unsafe.Slice((*tstring)(unsafe.Pointer(c)), len(values))
	var staging []byte
	first := 0 // the strings before it are done
	grow := func(end int) error {
		if len(staging) == 0 {
			return nil
		}
		part := (*C.ndf_tstring)(unsafe.Pointer(&out[first]))
		if !C.ndf_strings_grow(part, C.size_t(end-first), (*C.char)(unsafe.Pointer(unsafe.SliceData(staging)))) {
			return outOfMemory(len(staging))
		}
		first, staging = end, staging[:0]
		return nil
	}
	for i, s := range values {
		if len(s) <= smallMax {
			b := (*[tstringSize]byte)(unsafe.Pointer(&out[i]))
			b[0] = byte(len(s) << 2)
			copy(b[1:], s)
			continue
		}
		out[i] = tstring{uint64(len(s))<<2 | kindLarge, 0, uint64(len(staging))}
		staging = append(staging, s...)
		if len(staging) >= stagingChunk {
			if err := grow(i + 1); err != nil {
				return err
			}
		}
	}
	return grow(len(values))
}

// readStrings copies the strings of a C tensor's memory into dst. Their bytes
// share one block of Go memory, so one string keeps the bytes of all.
func readStrings(dst []string, data unsafe.Pointer) error {
	if err := checkStrings(); err != nil {
		return err
	}
	in := unsafe.Slice((*tstring)(data), len(dst))
	total := 0
	for i := range in {
		total += in[i].len()
	}
	// Short strings are copied whole, whatever their length: three words are
	// faster than a call that counts. The next string, or the slack at the
	// end, takes what was too much.
	block := make([]byte, total+smallMax)
	at := 0
	for i := range in {
		t := &in[i]
		if t[0]&kindMask == kindSmall {
			n := int(t[0]&0xff) >> 2
			if n > smallMax {
				return fmt.Errorf("tfc: a string of the tensor says %d bytes, more than the %d it can hold", n, smallMax)
			}
			to, from := unsafe.Pointer(&block[at]), unsafe.Add(unsafe.Pointer(t), 1)
			*(*[8]byte)(to) = *(*[8]byte)(from)
			*(*[8]byte)(unsafe.Add(to, 8)) = *(*[8]byte)(unsafe.Add(from, 8))
			*(*[8]byte)(unsafe.Add(to, smallMax-8)) = *(*[8]byte)(unsafe.Add(from, smallMax-8))
			dst[i] = unsafe.String((*byte)(to), n)
			at += n
			continue
		}
		n := copy(block[at:total], t.bytes())
		dst[i] = unsafe.String(&block[at], n)
		at += n
	}
	return nil
}

func (t *tstring) len() int {
	switch t[0] & kindMask {
	case kindSmall:
		return int(t[0]&0xff) >> 2
	case kindOffset:
		return int(uint32(t[0])) >> 2
	}
	return int(t[0] >> 2)
}

// bytes returns the bytes, in C memory, of a string that is not small.
func (t *tstring) bytes() []byte {
	n := t.len()
	switch t[0] & kindMask {
	case kindLarge:
		return unsafe.Slice(*(**byte)(unsafe.Pointer(&t[2])), n)
	case kindView:
		return unsafe.Slice(*(**byte)(unsafe.Pointer(&t[1])), n)
	default: // kindOffset
		offset := binary.LittleEndian.Uint32((*[tstringSize]byte)(unsafe.Pointer(t))[4:])
		return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(t), offset)), n)
	}
}
