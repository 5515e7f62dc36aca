// A shared library that lends an array to Python and borrows one from it.
package main

import "C"

import (
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"ndflow/cuda/dlpack"
	"ndflow/npy"
)

func main() {}

// array is [[0 1 2] [3 4 5]]; what Python writes to it can be asked for.
var array, _ = npy.From([]float32{0, 1, 2, 3, 4, 5}, 2, 3)

//export lend
func lend() unsafe.Pointer {
	p, err := dlpack.Lend(array)
	return say(p, err)
}

//export lendUnversioned
func lendUnversioned() unsafe.Pointer {
	p, err := dlpack.LendUnversioned(array)
	return say(p, err)
}

// readOnly is an array whose memory is not to be written to.
var readOnly, _ = npy.External(npy.Int16, []int{2}, []byte{1, 0, 2, 0}, true, nil)

//export lendReadOnly
func lendReadOnly() unsafe.Pointer {
	p, err := dlpack.Lend(readOnly)
	return say(p, err)
}

//export first
func first() C.float {
	v, _ := npy.Values[float32](array)
	return C.float(v[0])
}

//export out
func out() C.int { return C.int(dlpack.Out()) }

var borrowed *npy.Array

//export borrow
func borrow(p unsafe.Pointer) C.double { return take(dlpack.Borrow(p)) }

//export borrowUnversioned
func borrowUnversioned(p unsafe.Pointer) C.double { return take(dlpack.BorrowUnversioned(p)) }

// take returns the sum of the elements, float64 [n m], or -1.
func take[M any](m M, err error) C.double {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return -1
	}
	borrowed = any(m).(*npy.Array)
	v, err := npy.Values[float64](borrowed)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return -1
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	if len(v) > 0 && !borrowed.ReadOnly() {
		v[0] = 42
	}
	return C.double(sum)
}

//export release
func release() { borrowed.Release() }

var said atomic.Bool

func say(p unsafe.Pointer, err error) unsafe.Pointer {
	if err != nil && !said.Swap(true) {
		fmt.Fprintln(os.Stderr, err)
	}
	return p
}
