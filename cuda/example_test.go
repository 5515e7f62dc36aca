package cuda_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/cuda"
	"ndflow/npy"
)

func Example() {
	if err := cuda.Available(); err != nil {
		log.Fatal(err)
	}
	gpu, err := cuda.Open(0)
	if err != nil {
		log.Fatal(err)
	}
	defer gpu.Close()

	// An array of the host, and one of the same shape on the device.
	a, err := npy.From([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	if err != nil {
		log.Fatal(err)
	}
	b, err := gpu.NewBuffer(npy.Float32, 3, 2)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	if err := cuda.Copy(b, a); err != nil {
		log.Fatal(err)
	}

	// The last two rows come back.
	rows, err := b.Slice(1, 3)
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	back, err := npy.New(npy.Float32, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	if err := cuda.Copy(back, rows); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows)
	fmt.Println(back)
	// Output:
	// float32 [2 2] on GPU 0
	// [[3. 4.]
	//  [5. 6.]]
}

// A copy into pinned memory runs while the program goes on.
func ExampleStream_Copy() {
	gpu, err := cuda.Open(0)
	if err != nil {
		log.Fatal(err)
	}
	defer gpu.Close()
	b, err := gpu.NewBuffer(npy.Int32, 4)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	pinned, err := gpu.NewHostBuffer(npy.Int32, 4)
	if err != nil {
		log.Fatal(err)
	}
	defer pinned.Close()
	s, err := gpu.NewStream()
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	if _, err := s.Zero(b); err != nil {
		log.Fatal(err)
	}
	done, err := s.Copy(pinned, b) // after the zeros, since it is the same stream
	if err != nil {
		log.Fatal(err)
	}
	// ... other work, and then:
	if err := done.Wait(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(pinned)
	// Output: [0 0 0 0]
}

func ExampleStream_WaitFor() {
	gpu, err := cuda.Open(0)
	if err != nil {
		log.Fatal(err)
	}
	defer gpu.Close()
	a, err := npy.From([]int64{7, 8, 9})
	if err != nil {
		log.Fatal(err)
	}
	b, err := gpu.NewBuffer(npy.Int64, 3)
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	up, err := gpu.NewStream()
	if err != nil {
		log.Fatal(err)
	}
	defer up.Close()
	down, err := gpu.NewStream()
	if err != nil {
		log.Fatal(err)
	}
	defer down.Close()

	there, err := up.Copy(b, a)
	if err != nil {
		log.Fatal(err)
	}
	if err := down.WaitFor(there); err != nil { // returns at once: the stream waits
		log.Fatal(err)
	}
	back, err := npy.New(npy.Int64, 3)
	if err != nil {
		log.Fatal(err)
	}
	done, err := down.Copy(back, b)
	if err != nil {
		log.Fatal(err)
	}
	if err := done.Wait(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(back)
	// Output: [7 8 9]
}
