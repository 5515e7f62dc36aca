package eager_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/cuda"
	"ndflow/eager"
	"ndflow/npy"
)

// A tensor lands in a GPU's memory while the program goes on. Where the tensor is on a
// GPU itself the host is not in between; this one is on the CPU.
func ExampleTensor_IntoStream() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	gpu, err := cuda.Open(0)
	if err != nil {
		log.Fatal(err)
	}
	defer gpu.Close()
	stream, err := gpu.NewStream()
	if err != nil {
		log.Fatal(err)
	}
	defer stream.Close()
	dst, err := gpu.NewBuffer(npy.Float32, 8) // longer than what lands
	if err != nil {
		log.Fatal(err)
	}
	defer dst.Close()

	x, err := eager.FromSlice(ec, []float32{1, 2, 3})
	if err != nil {
		log.Fatal(err)
	}
	landed, err := x.IntoStream(stream, dst)
	if err != nil {
		log.Fatal(err)
	}
	x.Close() // its elements are kept until they have landed
	if err := landed.Wait(context.Background()); err != nil {
		log.Fatal(err)
	}

	front, err := dst.Front(3)
	if err != nil {
		log.Fatal(err)
	}
	defer front.Close()
	back, _ := npy.New(npy.Float32, 3)
	if err := cuda.Copy(back, front); err != nil {
		log.Fatal(err)
	}
	fmt.Println(back)
	// Output: [1. 2. 3.]
}

// The parts of a result that several devices have made land in one array, all at once.
func ExampleIntoRows() {
	ec, err := eager.New(eager.WithLogicalCPUs(2)) // or the GPUs that there are
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	x, _ := eager.FromSlice(ec, []float32{1, 2, 3, 4}, 2, 2)
	defer x.Close()
	var parts []*eager.Tensor
	for i, op := range []string{"Neg", "Square"} {
		y, err := ec.Op(op).Input(x).Device(fmt.Sprintf("CPU:%d", i)).Output()
		if err != nil {
			log.Fatal(err)
		}
		defer y.Close()
		parts = append(parts, y)
	}
	dst, _ := npy.New(npy.Float32, 4, 2)
	if err := eager.IntoRows(dst, parts...); err != nil {
		log.Fatal(err)
	}
	fmt.Println(dst)
	// Output:
	// [[-1. -2.]
	//  [-3. -4.]
	//  [ 1.  4.]
	//  [ 9. 16.]]
}
