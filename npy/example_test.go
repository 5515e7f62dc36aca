package npy_test

import (
	"bytes"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"ndflow/npy"
)

func Example() {
	a, err := npy.From([]float32{1, 2, 3, 4.5, 5, 6}, 2, 3) // over the slice: no copy
	if err != nil {
		log.Fatal(err)
	}
	row, err := a.Slice(1, 2) // rows 1 to 2, sharing memory
	if err != nil {
		log.Fatal(err)
	}
	v, err := npy.Values[float32](row)
	if err != nil {
		log.Fatal(err)
	}
	v[0] *= 2
	fmt.Println(a.DType(), a.Shape())
	fmt.Println(a)
	// Output:
	// float32 [2 3]
	// [[1. 2. 3.]
	//  [9. 5. 6.]]
}

func ExampleWriteFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "words.npy")

	words, err := npy.From([]string{"one", "två"})
	if err != nil {
		log.Fatal(err)
	}
	if err := npy.WriteFile(path, words); err != nil {
		log.Fatal(err)
	}
	h, err := npy.Stat(path)
	if err != nil {
		log.Fatal(err)
	}
	back, err := npy.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(h.Descr, h.DType, h.Shape)
	fmt.Println(back)
	// Output:
	// <U3 string [2]
	// ['one' 'två']
}

// A file larger than memory is filled and read piece by piece.
func ExampleCreate() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "squares.npy")

	f, err := npy.Create(path, npy.Int64, 4, 3)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Abort() // does nothing after Close
	for i := range 4 {
		row, err := f.Array().Slice(i, i+1)
		if err != nil {
			log.Fatal(err)
		}
		v, err := npy.Values[int64](row) // this memory is the file
		if err != nil {
			log.Fatal(err)
		}
		for j := range v {
			v[j] = int64(i * j)
		}
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}

	a, err := npy.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer a.Release()
	fmt.Println(a)
	// Output:
	// [[0 0 0]
	//  [0 1 2]
	//  [0 2 4]
	//  [0 3 6]]
}

func ExampleCreateNPZ() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "results.npz")

	w, err := npy.CreateNPZ(path, npy.Compress())
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort() // does nothing after Close
	if err := w.Write("score", npy.Scalar(0.5)); err != nil {
		log.Fatal(err)
	}
	if err := w.Write("label", npy.Scalar("cat")); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	z, err := npy.OpenNPZ(path)
	if err != nil {
		log.Fatal(err)
	}
	defer z.Close()
	for _, name := range z.Names() {
		a, err := z.Read(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, a)
	}
	// Output:
	// score 0.5
	// label cat
}

func ExampleRead() {
	_, err := npy.Read(bytes.NewReader([]byte("not an array")))
	fmt.Println(errors.Is(err, npy.ErrFormat))
	fmt.Println(err)
	// Output:
	// true
	// npy: not a valid file: have "not an" at the start, want "\x93NUMPY"
}

func ExampleArray_AsFloat32() {
	halves, err := npy.From([]npy.F16{0x3c00, 0x3555, 0x0001, 0xfc00})
	if err != nil {
		log.Fatal(err)
	}
	wide, err := halves.AsFloat32()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(wide)
	// Output:
	// [1.0000000e+00 3.3325195e-01 5.9604645e-08          -inf]
}
