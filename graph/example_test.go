package graph_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"

	"ndflow/graph"
	"ndflow/npy"
)

// Load a SavedModel, run it on an array, see the result as a slice.
func Example() {
	model, err := graph.Load("../testdata/models/add4")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	x, _ := npy.From([]float32{1, 2, 3, 4}, 1, 4)
	y, _ := npy.From([]float32{10, 20, 30, 40}, 1, 4)
	out, err := model.Run(context.Background(), graph.Feeds{"x": x, "y": y})
	if err != nil {
		log.Fatal(err)
	}
	sum, _ := npy.Values[float32](out["sum"])
	fmt.Println(sum)
	// Output: [11 22 33 44]
}

// A prepared step lands its results in the caller's array, batch by batch in
// slices of one array: nothing is converted and nothing accumulates.
func ExampleRunner() {
	model, err := graph.Load("../testdata/models/add4")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	r, err := model.Runner(graph.DefaultSignature)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	x, _ := npy.New(npy.Float32, 2, 4) // one batch
	y, _ := npy.New(npy.Float32, 2, 4)
	all, _ := npy.New(npy.Float32, 6, 4) // all results
	if err := r.Feed("x", x); err != nil {
		log.Fatal(err)
	}
	if err := r.Feed("y", y); err != nil {
		log.Fatal(err)
	}
	values, _ := npy.Values[float32](x)
	for batch := range 3 {
		for i := range values {
			values[i] = float32(batch) // x is read at each Run
		}
		dst, _ := all.Slice(2*batch, 2*batch+2)
		if err := r.Into("sum", dst); err != nil {
			log.Fatal(err)
		}
		if err := r.Run(context.Background()); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(all)
	// Output:
	// [[0. 0. 0. 0.]
	//  [0. 0. 0. 0.]
	//  [1. 1. 1. 1.]
	//  [1. 1. 1. 1.]
	//  [2. 2. 2. 2.]
	//  [2. 2. 2. 2.]]
}

// A view shows TensorFlow's own memory: no copy, read-only, given back by
// Release.
func ExampleRunner_Value() {
	model, err := graph.Load("../testdata/models/dynamic")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	r, err := model.Runner("")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	x, _ := npy.From([]float32{3, -1, 4, -1, 5})
	if err := r.Feed("x", x); err != nil {
		log.Fatal(err)
	}
	if err := r.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	positive, err := r.Value("positive") // how many there are, the data decides
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(positive, positive.Shape())
	positive.Release()
	// Output: [3. 4. 5.] [3]
}

// TensorFlow's own words, for a GraphDef: tensors by their names.
func ExampleSession_Eval() {
	g, err := graph.Read("../testdata/models/frozen/frozen.pb")
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	s, err := graph.NewSession(g)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()

	w, err := s.Eval(context.Background(), "w:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w)
	// Output:
	// [[0. 0. 0. 4.]
	//  [0. 0. 3. 0.]
	//  [0. 2. 0. 0.]
	//  [1. 0. 0. 0.]]
}

// The names, dtypes and shapes that a model takes and gives.
func ExampleModel_Signatures() {
	model, err := graph.Load("../testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	for _, sig := range model.Signatures() {
		fmt.Println(sig.Name)
		for _, in := range sig.Inputs {
			fmt.Println(" in ", in.Name, in)
		}
		for _, out := range sig.Outputs {
			fmt.Println(" out", out.Name, out)
		}
	}
	// Output:
	// serving_default
	//  in  x float32 [-1 16]
	//  out probs float32 [-1 4]
}

// A file goes through a model in constant memory, several batches at a time.
func ExampleMap() {
	model, err := graph.Load("../testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	dir, err := os.MkdirTemp("", "map")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	all, _ := npy.New(npy.Float32, 1000, 16)
	if err := npy.WriteFile(filepath.Join(dir, "x.npy"), all); err != nil {
		log.Fatal(err)
	}

	x, err := npy.Open(filepath.Join(dir, "x.npy"))
	if err != nil {
		log.Fatal(err)
	}
	defer x.Release()
	err = graph.Map(context.Background(), model,
		map[string]graph.Source{"x": graph.FromArray(x)},
		map[string]graph.Sink{"probs": graph.ToFile(filepath.Join(dir, "probs.npy"))},
		graph.MapOptions{})
	if err != nil {
		log.Fatal(err)
	}
	probs, err := npy.Open(filepath.Join(dir, "probs.npy"))
	if err != nil {
		log.Fatal(err)
	}
	defer probs.Release()
	fmt.Println(probs.DType(), probs.Shape())
	// Output: float32 [1000 4]
}

// A producer that must not wait brings its items to a Pipeline.
func ExamplePipeline() {
	model, err := graph.Load("../testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	feed := func(frame int) (graph.Feeds, error) {
		x, err := npy.New(npy.Float32, 1, 16)
		return graph.Feeds{"x": x}, err
	}
	handle := func(r graph.Result[int]) error {
		if r.Err != nil {
			return r.Err // which ends the Pipeline
		}
		fmt.Println(r.Item, r.Outputs["probs"].Shape())
		return nil
	}
	ctx := context.Background()
	p, err := graph.NewPipeline(ctx, model, feed, handle, graph.PipelineOptions{Ordered: true})
	if err != nil {
		log.Fatal(err)
	}
	for frame := range 3 {
		if err := p.Submit(ctx, frame); err != nil {
			log.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 [1 4]
	// 1 [1 4]
	// 2 [1 4]
}

// A loop over the results of a stream of items.
func ExampleStream() {
	model, err := graph.Load("../testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	feed := func(rows int) (graph.Feeds, error) {
		x, err := npy.New(npy.Float32, rows, 16)
		return graph.Feeds{"x": x}, err
	}
	items := slices.Values([]int{1, 5, 2})
	for r := range graph.Stream(context.Background(), model, items, feed, graph.PipelineOptions{Ordered: true}) {
		if r.Err != nil {
			log.Fatal(r.Err)
		}
		fmt.Println(r.Item, r.Outputs["probs"].Shape())
	}
	// Output:
	// 1 [1 4]
	// 5 [5 4]
	// 2 [2 4]
}
