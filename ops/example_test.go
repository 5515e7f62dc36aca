package ops_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/math"
	"ndflow/ops/nn"
)

// dense is a layer of a network: it runs at once, or becomes part of a graph.
func dense[T any](s *ops.Scope[T], x, w, b T) T {
	return nn.Relu(s, math.AddV2(s, math.MatMul(s, x, w, math.MatMulTransposeB(true)), b))
}

// The same function of ops, at once and in a graph.
func Example() {
	x, _ := npy.From([]float32{1, 2}, 1, 2)
	w, _ := npy.From([]float32{1, 1, -1, 0, 3, 4}, 3, 2)

	// At once: each op runs when it is called.
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	e := ops.NewScope(ec)
	defer e.Close() // gives the tensors back
	now := dense(e, ops.Const(e, x), ops.Const(e, w), ops.Value(e, float32(0.5)))
	if err := e.Err(); err != nil {
		log.Fatal(err)
	}
	v, err := now.Value()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("at once:   ", v)
	v.Release()

	// In a graph: a session runs it, on what it is fed.
	g, err := graph.New()
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	s := ops.NewScope(g)
	input, err := g.Placeholder("x", npy.Float32, []int{-1, 2})
	if err != nil {
		log.Fatal(err)
	}
	later := dense(s.SubScope("layer"), input, ops.Const(s, w), ops.Value(s, float32(0.5)))
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}
	session, err := graph.NewSession(g)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	out, err := session.Eval(context.Background(), later.String(), graph.Feeds{"x": x})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("in a graph:", out, "of", later)
	// Output:
	// at once:    [[ 3.5  0.  11.5]]
	// in a graph: [[ 3.5  0.  11.5]] of layer/Relu:0
}

// A mistake is found before TensorFlow sees the call, and kept by the scope.
func ExampleScope_Err() {
	g, err := graph.New()
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	s := ops.NewScope(g)
	x := ops.Values(s, float32(1), 2)
	y := math.BesselI0(s, math.Add(s, x, ops.Values(s, int32(1), 2)))
	fmt.Println(y == graph.Output{})
	fmt.Println(s.Err())
	// Output:
	// true
	// graph: Add: input "y": have int32, want float, as input "x" says of T; its signature is Add(x: T, y: T; T: type in {bfloat16, complex128, complex64, double, float, half, int16, int32, int64, int8, string, uint8}) -> (z: T)
}
