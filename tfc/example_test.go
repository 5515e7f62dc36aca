package tfc_test

import (
	"fmt"
	"log"

	"ndflow/npy"
	"ndflow/tfc"
)

// A tensor over an array's memory, and back as a view: nothing is copied.
func Example() {
	if _, err := tfc.Load(""); err != nil {
		log.Fatal(err) // says where it looked and how to get a library
	}
	a, err := npy.New(npy.Float32, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	t, err := tfc.NewTensor(a)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(tfc.InUse(a))
	view, err := t.View()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(view.DType(), view.Shape())
	view.Release()
	fmt.Println(tfc.InUse(a))
	// Output:
	// true
	// float32 [2 2]
	// false
}
