package arrowio_test

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"ndflow/npy"
	"ndflow/npy/arrowio"
	"ndflow/npy/table"
)

// Two arrays go to Arrow and back: the numbers are the same memory.
func Example() {
	x, err := npy.From([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	if err != nil {
		log.Fatal(err)
	}
	name, err := npy.From([]string{"a", "b", "c"})
	if err != nil {
		log.Fatal(err)
	}
	batch, err := arrowio.RecordBatch([]string{"x", "name"}, []*npy.Array{x, name})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.Schema().Field(0).Type)

	arrays, err := arrowio.Arrays(batch)
	batch.Release() // the arrays keep what they need
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(arrays[0], &arrays[0].Bytes()[0] == &x.Bytes()[0])
	fmt.Println(arrays[1])
	// Output:
	// fixed_size_list<item: float32, nullable>[2]
	// [[1. 2.]
	//  [3. 4.]
	//  [5. 6.]] true
	// ['a' 'b' 'c']
}

// A table is written as a Parquet file, and one column of it is read, some rows
// at a time.
func ExampleOpenParquet() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "t.parquet")

	w, err := arrowio.CreateParquet(path, []table.Column{
		{Name: "id", DType: npy.Int64},
		{Name: "pixel", DType: npy.BFloat16, Shape: []int{3}},
	}, arrowio.Compression("zstd"))
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close()
	fmt.Println(w.Notes()[0])
	id, _ := npy.From([]int64{1, 2, 3, 4, 5})
	pixel, _ := npy.New(npy.BFloat16, 5, 3)
	if err := w.Write([]*npy.Array{id, pixel}); err != nil {
		log.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}

	r, err := arrowio.OpenParquet(path, arrowio.Columns("id"))
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Println(r.Rows(), r.Columns())
	for {
		batch, err := r.Next(2)
		if err == io.EOF {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch[0])
	}
	// Output:
	// column "pixel" is bfloat16, which Arrow does not have, and is stored as float32
	// 5 [id int64]
	// [1 2]
	// [3 4]
	// [5]
}
