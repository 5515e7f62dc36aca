package data_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"ndflow/eager"
	"ndflow/eager/data"
	"ndflow/npy"
)

// Read a .npy file where it lies, in batches that are parts of it, and use them as
// tensors.
func Example() {
	dir, err := os.MkdirTemp("", "data")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	rows, _ := npy.From([]float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 5, 2)
	if err := npy.WriteFile(filepath.Join(dir, "x.npy"), rows); err != nil {
		log.Fatal(err)
	}

	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	x, err := npy.Open(filepath.Join(dir, "x.npy")) // mapped, not read
	if err != nil {
		log.Fatal(err)
	}
	defer x.Release()
	for batch, err := range data.FromArrays(ec, x).Batch(2).All(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		sum, err := ec.Op("AddV2").Input(batch[0], batch[0]).Output()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(sum)
		sum.Close()
	}
	// Output:
	// [[0. 2.]
	//  [4. 6.]]
	// float32 [2 2] on CPU:0
	// [[ 8. 10.]
	//  [12. 14.]]
	// float32 [2 2] on CPU:0
	// [[16. 18.]] float32 [1 2] on CPU:0
}

// Rows of two arrays that belong together, in another order in each epoch, in
// batches.
func ExampleDataset() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	x, _ := npy.From([]float32{0, 1, 10, 11, 20, 21, 30, 31}, 4, 2)
	label, _ := npy.From([]int64{0, 1, 2, 3})

	ds := data.FromArrays(ec, x, label).Shuffle(4, 7).Batch(2).Prefetch(data.AutoTune)
	fmt.Println(ds.Spec())
	var orders [3][]int64
	for epoch := range orders {
		for batch, err := range ds.All(context.Background()) {
			if err != nil {
				log.Fatal(err)
			}
			v, err := batch[1].Value() // no copy
			if err != nil {
				log.Fatal(err)
			}
			labels, _ := npy.Values[int64](v)
			orders[epoch] = append(orders[epoch], labels...)
			v.Release()
		}
	}
	fmt.Println("another order:", !slices.Equal(orders[0], orders[1]))
	fmt.Println("the same rows:", slices.Equal(slices.Sorted(slices.Values(orders[0])), slices.Sorted(slices.Values(orders[1]))))
	// Output:
	// [float32 [2 2] int64 [2]]
	// another order: true
	// the same rows: true
}

// Let a model predict what comes in batches, and land the results in one array.
func ExampleDataset_Into() {
	m, err := eager.Load("../../testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	predict, err := m.Function("") // the default signature: float32 [-1 16] to [-1 4]
	if err != nil {
		log.Fatal(err)
	}
	x, _ := npy.New(npy.Float32, 1000, 16)
	batch, _ := npy.New(npy.Float32, 256, 4) // where each batch lands
	rows := 0
	ds := data.FromArrays(m.Context(), x).Batch(256).Map(predict, data.AutoTune)
	for out, err := range ds.Into(context.Background(), batch) {
		if err != nil {
			log.Fatal(err)
		}
		rows += out[0].Dim(0) // out[0] is the front of batch
	}
	fmt.Println(rows, "rows")
	// Output: 1000 rows
}
