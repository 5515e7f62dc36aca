package fakecuda_test

import (
	"fmt"

	"ndflow/cuda/fakecuda"
)

func Example() {
	path, err := fakecuda.Build("")
	if err != nil {
		fmt.Println(err)
		return
	}
	fake, err := fakecuda.Open(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := fake.Reset(fakecuda.Settings{Devices: 2, Memory: 1 << 20}); err != nil {
		fmt.Println(err)
		return
	}
	fake.Fail("cuMemAlloc_v2", 1, 2) // CUDA_ERROR_OUT_OF_MEMORY

	// Here cuda.Load(path) and the code under test.

	fmt.Printf("left over: %q, allocated %d times\n", fake.Counters().Alive(), fake.Calls("cuMemAlloc_v2"))
	// Output: left over: "", allocated 0 times
}
