package plot_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"

	"ndflow/npy"
	"ndflow/plot"
)

// Draw makes a picture; WriteSVG and WritePNG write it, WriteText shows it on a terminal.
func ExampleDraw() {
	a, err := npy.From([]int32{1, 2, 2, 3, 3, 3, 3, 5})
	if err != nil {
		log.Fatal(err)
	}
	f, err := plot.Draw(context.Background(), plot.Histogram, plot.Options{}, plot.Series{Name: "labels", Array: a})
	if err != nil {
		log.Fatal(err)
	}
	var svg bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		log.Fatal(err)
	}
	if err := f.WriteText(os.Stdout, plot.Terminal{Width: 30}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// labels: int32 [8]
	// 8 elements, mean 2.75, std 1.09, min 1, max 5
	//
	// 1 |######                   1
	// 2 |############             2
	// 3 |######################## 4
	// 4 |                         0
	// 5 |######                   1
}

// Bin counts without a picture.
func ExampleBin() {
	a, err := npy.From([]float32{-1, -0.5, 0, 0.25, 0.5, 0.75})
	if err != nil {
		log.Fatal(err)
	}
	bins, err := plot.Bin(context.Background(), 4, a)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(bins[0].Edges, bins[0].Counts, bins[0].Mean)
	// Output: [-1 -0.5 0 0.5 1] [1 1 2 2] 0
}

// A Report puts many arrays on one page.
func ExampleReport() {
	r := plot.NewReport("Weights", plot.Options{})
	for i := range 3 {
		a, err := npy.From([]float32{0, 1, 2, float32(i)}, 2, 2)
		if err != nil {
			log.Fatal(err)
		}
		if err := r.Add(context.Background(), plot.Series{Name: fmt.Sprint("kernel ", i), Array: a}); err != nil {
			log.Fatal(err)
		}
	}
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Len(), "arrays,", bytes.Count(page.Bytes(), []byte("<svg")), "histograms")
	// Output: 3 arrays, 3 histograms
}
