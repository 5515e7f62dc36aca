package dlpack_test

import (
	"fmt"
	"log"
	"unsafe"

	"ndflow/cuda/dlpack"
	"ndflow/npy"
)

// consume stands for a library that takes tensors: here it is this one.
func consume(p unsafe.Pointer) {
	m, err := dlpack.Borrow(p)
	if err != nil {
		dlpack.Return(p) // it is still ours
		log.Fatal(err)
	}
	a := m.(*npy.Array) // a *cuda.Buffer where the memory is a device's
	defer a.Release()   // calls the deleter
	v, err := npy.Values[int32](a)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(a)
	v[0] = 10
}

func ExampleLend() {
	a, err := npy.From([]int32{1, 2, 3, 4}, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	p, err := dlpack.Lend(a)
	if err != nil {
		log.Fatal(err)
	}
	consume(p)
	fmt.Println(a)
	fmt.Println(dlpack.Out(), "tensors are still lent")
	// Output:
	// [[1 2]
	//  [3 4]]
	// [[10  2]
	//  [ 3  4]]
	// 0 tensors are still lent
}
