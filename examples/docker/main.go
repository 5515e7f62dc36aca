// Command app runs a model over an array file and prints what comes out. It is there
// to be replaced by a program of yours.
//
//	app MODEL x.npy
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"ndflow/graph"
	"ndflow/npy"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: app MODEL x.npy")
	}
	model, err := graph.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	x, err := npy.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	out, err := model.Run(context.Background(), graph.Feeds{"x": x})
	if err != nil {
		log.Fatal(err)
	}
	for name, array := range out {
		fmt.Println(name, array)
	}
}
