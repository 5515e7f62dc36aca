package diff_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/npy"
	"ndflow/npy/diff"
)

func ExampleArrays() {
	have, err := npy.From([]float32{1, 2, 3.0001, 4})
	if err != nil {
		log.Fatal(err)
	}
	want, err := npy.From([]float32{1, 2, 3, 4})
	if err != nil {
		log.Fatal(err)
	}
	r, err := diff.Arrays(context.Background(), have, want, diff.Options{Rel: 1e-3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Same(), r.Different, r.MaxAt, r.ULPs.Max)
	// Output: true 1 at [2]: 3.0001 and 3 419
}
