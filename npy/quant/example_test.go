package quant_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"ndflow/npy"
	"ndflow/npy/quant"
)

func Example() {
	w, err := npy.From([]float32{0.5, -100, 0.25, 50, -0.125, 127}, 3, 2)
	if err != nil {
		log.Fatal(err)
	}
	// The columns are of very different size: each gets a scale of its own.
	q, err := quant.Quantize(w, quant.Config{PerChannel: true, Axis: -1})
	if err != nil {
		log.Fatal(err)
	}
	x, err := q.Dequantize()
	if err != nil {
		log.Fatal(err)
	}
	r, err := q.Report(w)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(q.Values)
	fmt.Println(x)
	fmt.Printf("largest error %.4f\n", r.MaxError)
	// Output:
	// [[ 127 -100]
	//  [  64   50]
	//  [ -32  127]]
	// [[ 5.0000000e-01 -1.0000000e+02]
	//  [ 2.5196850e-01  5.0000000e+01]
	//  [-1.2598425e-01  1.2700000e+02]]
	// largest error 0.0020
}

// An Observer sees the data that a model is calibrated with, batch after batch.
func ExampleObserver() {
	o, err := quant.NewObserver(quant.Config{Scheme: quant.Affine, Method: quant.Percentile, Percent: 99.9})
	if err != nil {
		log.Fatal(err)
	}
	for range 10 {
		batch, _ := npy.New(npy.Float32, 1000)
		v, _ := npy.Values[float32](batch)
		for i := range v {
			v[i] = float32(i) / 1000
		}
		if err := o.Observe(batch); err != nil {
			log.Fatal(err)
		}
	}
	outlier, _ := npy.From([]float32{-0.5, 40})
	if err := o.Observe(outlier); err != nil {
		log.Fatal(err)
	}
	p, err := o.Params()
	if err != nil {
		log.Fatal(err)
	}
	lo, hi := p.Bounds(0)
	fmt.Printf("%.2f to %.2f\n", lo, hi)
	// Output: 0.00 to 1.00
}

func ExampleCreate() {
	dir, err := os.MkdirTemp("", "quant")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "int8.npz")
	w, err := quant.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	defer w.Abort()
	kernel, _ := npy.From([]float32{1, -2, 127})
	q, err := quant.Quantize(kernel, quant.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Write("dense/kernel", q); err != nil {
		log.Fatal(err)
	}
	if err := w.Keep("dense/bias", npy.Scalar(float32(0.5))); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}

	f, err := quant.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	for _, name := range f.Names() {
		x, err := f.Read(name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(name, f.Quantized(name), x)
	}
	// Output:
	// dense/kernel true [  1.  -2. 127.]
	// dense/bias false 0.5
}
