// A shared library that lends arrays to Python and borrows some from it, in the host's
// memory and a device's.
package main

import "C"

import (
	"fmt"
	"os"
	"unsafe"

	"ndflow/cuda"
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
		say(nil, err)
		return -1
	}
	borrowed = any(m).(*npy.Array)
	v, err := npy.Values[float64](borrowed)
	if err != nil {
		say(nil, err)
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

// lendDevice lends [[0 1 2] [3 4 5]] in the memory of device 0, which is not kept
// here.
//
//export lendDevice
func lendDevice() unsafe.Pointer {
	d, err := cuda.Open(0)
	if err != nil {
		return say(nil, err)
	}
	defer d.Close()
	b, err := d.NewBuffer(npy.Float32, 2, 3)
	if err != nil {
		return say(nil, err)
	}
	defer b.Close()
	counted, err := npy.From([]float32{0, 1, 2, 3, 4, 5}, 2, 3)
	if err == nil {
		err = cuda.Copy(b, counted)
	}
	if err != nil {
		return say(nil, err)
	}
	p, err := dlpack.Lend(b)
	return say(p, err)
}

// borrowDevice returns the sum of a float32 tensor in a device's memory, doubles its
// elements, and gives it back; -1 on an error.
//
//export borrowDevice
func borrowDevice(p unsafe.Pointer) C.double {
	m, err := dlpack.Borrow(p)
	if err != nil {
		say(nil, err)
		return -1
	}
	b := m.(*cuda.Buffer)
	defer b.Close()
	sum, err := double(b)
	if err != nil {
		say(nil, err)
		return -1
	}
	return C.double(sum)
}

func double(b *cuda.Buffer) (sum float64, err error) {
	a, err := npy.New(b.DType(), b.Shape()...)
	if err != nil {
		return 0, err
	}
	if err := cuda.Copy(a, b); err != nil {
		return 0, err
	}
	v, err := npy.Values[float32](a)
	if err != nil {
		return 0, err
	}
	for i := range v {
		sum += float64(v[i])
		v[i] *= 2
	}
	return sum, cuda.Copy(b, a)
}

func say(p unsafe.Pointer, err error) unsafe.Pointer {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return p
}
