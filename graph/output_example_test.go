package graph_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/math"
	"ndflow/ops/nn"
)

// The operations of a loaded model can be built on: the largest of its probabilities is
// found in the same step, and only that comes out.
func ExampleGraph_Output() {
	model, err := graph.Load("../testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	sig, err := model.Signature(graph.DefaultSignature)
	if err != nil {
		log.Fatal(err)
	}
	input, output := sig.Inputs[0], sig.Outputs[0] // x, probs

	g := model.Session().Graph()
	probs, err := g.Output(output.Tensor)
	if err != nil {
		log.Fatal(err)
	}
	s := ops.NewScope(g)
	class := math.ArgMax(s, probs, ops.Value(s, int32(1)))
	best, classes := nn.TopKV2(s, probs, ops.Value(s, int32(2)))
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}

	x, _ := npy.New(npy.Float32, 3, 16)
	fill(x)
	out, err := model.Session().Run(context.Background(),
		graph.Feeds{input.Tensor: x}, []string{class.String(), best.String(), classes.String()}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out[0].DType(), out[0].Shape(), out[1].DType(), out[1].Shape(), out[2].DType(), out[2].Shape())
	// Output: int64 [3] float32 [3 2] int32 [3 2]
}

// How much each input counts in an output of a loaded model: the gradient of the one by
// the other.
func ExampleGraph_Gradients_loaded() {
	g, err := graph.Read("../testdata/models/frozen/frozen.pb")
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	x, err := g.Output("x:0")
	if err != nil {
		log.Fatal(err)
	}
	z, err := g.Output("z:0")
	if err != nil {
		log.Fatal(err)
	}
	dx, err := g.Gradients([]graph.Output{z}, []graph.Output{x})
	if err != nil {
		log.Fatal(err)
	}
	session, err := graph.NewSession(g)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	a, _ := npy.New(npy.Float32, 1, 4)
	slopes, err := session.Eval(context.Background(), dx[0].String(), graph.Feeds{"x": a, "y": a})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(slopes)
	// Output: [[4. 3. 2. 1.]]
}

func fill(a *npy.Array) {
	values, _ := npy.Values[float32](a)
	for i := range values {
		values[i] = float32(i%7) - 3
	}
}
