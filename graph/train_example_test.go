package graph_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/array"
	"ndflow/ops/math"
	"ndflow/ops/nn"
	"ndflow/ops/state"
	"ndflow/ops/training"
)

// A logistic regression is trained on arrays from .npy files: the graph is built
// with the functions of the packages below ops, and TensorFlow derives the
// gradients of the loss.
func ExampleGraph_Gradients() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := writeFlowers(dir, 1000); err != nil {
		log.Fatal(err)
	}
	x, err := npy.Open(filepath.Join(dir, "x.npy")) // float32 [1000 2]
	if err != nil {
		log.Fatal(err)
	}
	defer x.Release()
	y, err := npy.Open(filepath.Join(dir, "y.npy")) // float32 [1000 1], 0 or 1
	if err != nil {
		log.Fatal(err)
	}
	defer y.Release()

	g, err := graph.New()
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	features, err1 := g.Placeholder("features", npy.Float32, []int{-1, 2})
	labels, err2 := g.Placeholder("labels", npy.Float32, []int{-1, 1})

	s := ops.NewScope(g)
	w := state.VarHandleOp(s, npy.Float32, []int{2, 1}, state.VarHandleOpSharedName("w"))
	b := state.VarHandleOp(s, npy.Float32, []int{1}, state.VarHandleOpSharedName("b"))
	init := []graph.Output{
		state.AssignVariableOp(s, w, array.Fill(s, ops.Values(s, int32(2), 1), ops.Value(s, float32(0)))),
		state.AssignVariableOp(s, b, ops.Values(s, float32(0))),
	}
	wValue := state.ReadVariableOp(s, w, npy.Float32)
	bValue := state.ReadVariableOp(s, b, npy.Float32)
	logits := math.AddV2(s, math.MatMul(s, features, wValue), bValue)
	// The cross entropy of sigmoid(logits) and the labels.
	losses := math.Sub(s, nn.Softplus(s, logits), math.Mul(s, logits, labels))
	loss := math.Mean(s.Named("loss"), losses, ops.Values(s, int32(0), 1))
	right := math.Equal(s, math.Greater(s, logits, ops.Value(s, float32(0))), math.Cast(s, labels, npy.Bool))
	accuracy := math.Mean(s.Named("accuracy"), math.Cast(s, right, npy.Float32), ops.Values(s, int32(0), 1))
	if err := errors.Join(err1, err2, s.Err()); err != nil {
		log.Fatal(err)
	}

	gradients, err := g.Gradients([]graph.Output{loss}, []graph.Output{wValue, bValue})
	if err != nil {
		log.Fatal(err)
	}
	rate := ops.Value(s, float32(0.5))
	step := []graph.Output{
		training.ResourceApplyGradientDescent(s, w, rate, gradients[0]),
		training.ResourceApplyGradientDescent(s, b, rate, gradients[1]),
	}
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}

	session, err := graph.NewSession(g)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	ctx := context.Background()
	rows := func(a *npy.Array, lo, hi int) *npy.Array {
		part, err := a.Slice(lo, hi)
		if err != nil {
			log.Fatal(err)
		}
		return part
	}
	train := graph.Feeds{"features": rows(x, 0, 800), "labels": rows(y, 0, 800)}
	test := graph.Feeds{"features": rows(x, 800, 1000), "labels": rows(y, 800, 1000)}
	if _, err := session.Run(ctx, nil, nil, operations(init)); err != nil {
		log.Fatal(err)
	}
	first, err := session.Eval(ctx, loss.String(), train)
	if err != nil {
		log.Fatal(err)
	}
	for range 200 {
		if _, err := session.Run(ctx, train, nil, operations(step)); err != nil {
			log.Fatal(err)
		}
	}
	results, err := session.Run(ctx, test, []string{accuracy.String()}, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the loss before training: %.3f\n", item(first))
	fmt.Println("of rows that were not trained on, 97 % or more are right:", item(results[0]) >= 0.97)
	// Output:
	// the loss before training: 0.693
	// of rows that were not trained on, 97 % or more are right: true
}

// item is the only element of an array.
func item(a *npy.Array) float32 {
	v, err := npy.Values[float32](a)
	if err != nil {
		log.Fatal(err)
	}
	return v[0]
}

// operations are the names by which a session runs operations for their effect.
func operations(outputs []graph.Output) []string {
	names := make([]string, len(outputs))
	for i, o := range outputs {
		names[i] = o.Operation()
	}
	return names
}

// writeFlowers writes n rows of two kinds of flowers: the length and the width of
// a petal to x.npy, the kind to y.npy.
func writeFlowers(dir string, n int) error {
	random := rand.New(rand.NewPCG(1, 2))
	var x, y []float32
	for i := range n {
		kind := float64(i % 2)
		x = append(x, float32(random.NormFloat64()+3*kind-1.5), float32(random.NormFloat64()-3*kind+1.5))
		y = append(y, float32(kind))
	}
	xs, err := npy.From(x, n, 2)
	if err != nil {
		return err
	}
	ys, err := npy.From(y, n, 1)
	if err != nil {
		return err
	}
	return errors.Join(npy.WriteFile(filepath.Join(dir, "x.npy"), xs), npy.WriteFile(filepath.Join(dir, "y.npy"), ys))
}
