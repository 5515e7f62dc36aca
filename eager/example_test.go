package eager_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/math"
)

// Arrays become tensors, ops make tensors of tensors, and tensors become arrays.
func Example() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	a, _ := npy.New(npy.Float32, 2, 2) // aligned, so the tensor is its memory
	v, _ := npy.Values[float32](a)
	copy(v, []float32{1, 2, 3, 4})
	x, err := ec.Tensor(a)
	if err != nil {
		log.Fatal(err)
	}
	defer x.Close()
	y, err := ec.Op("MatMul").Input(x, x).Bool("transpose_b", true).Output()
	if err != nil {
		log.Fatal(err)
	}
	defer y.Close()
	fmt.Println(y)
	view, err := y.Value() // TensorFlow's own memory
	if err != nil {
		log.Fatal(err)
	}
	defer view.Release()
	fmt.Println(view.DType(), view.Shape(), view.ReadOnly())
	// Output:
	// [[ 5. 11.]
	//  [11. 25.]]
	// float32 [2 2] on CPU:0
	// float32 [2 2] true
}

// An op that runs often is told once what its inputs are and where its result lands.
func ExampleOp_RunInto() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	x, _ := eager.FromSlice(ec, []float32{1, 2, 3})
	defer x.Close()
	dst, _ := npy.New(npy.Float32, 3)
	double := ec.Op("AddV2").Input(x, x)
	defer double.Close()
	for range 1000 { // each one C call, with no allocation
		if err := double.RunInto(dst); err != nil {
			log.Fatal(err)
		}
	}
	fmt.Println(dst)
	// Output: [2. 4. 6.]
}

// The functions of package ops/math and its neighbours run on a context as well as
// they build a graph. What a scope has made it closes.
func ExampleContext_Apply() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	s := ops.NewScope(ec)
	defer s.Close()
	x, _ := eager.FromSlice(ec, []float32{3, 4})
	defer x.Close()
	axis, _ := eager.Scalar(ec, int32(0))
	defer axis.Close()
	norm := math.Sqrt(s, math.Sum(s, math.Mul(s, x, x), axis))
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(eager.Item[float32](norm))
	// Output: 5 <nil>
}

// A part of a graph becomes a function, which XLA may compile.
func ExampleContext_Function() {
	g, err := graph.New()
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	s := ops.NewScope(g)
	x, _ := g.Placeholder("x", npy.Float32, []int{-1})
	math.Tanh(s.Named("y"), math.Mul(s, x, x))
	if err := s.Err(); err != nil {
		log.Fatal(err)
	}

	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	f, err := ec.Function(g, []string{"x"}, []string{"y"}, eager.JIT())
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	in, _ := eager.FromSlice(ec, []float32{0, 10})
	defer in.Close()
	out, err := f.Call(context.Background(), in)
	if err != nil {
		log.Fatal(err)
	}
	defer out[0].Close()
	fmt.Println(out[0])
	// Output: [0. 1.] float32 [2] on CPU:0
}

// Work of its own order goes on beside other work.
func ExampleExecutor() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	background, err := ec.Executor(true)
	if err != nil {
		log.Fatal(err)
	}
	defer background.Close()
	x, _ := eager.FromSlice(ec, []float32{1, 2, 3})
	defer x.Close()
	var y *eager.Tensor
	err = background.Do(func() (err error) {
		y, err = ec.Op("Square").Input(x).Output() // does not wait
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	defer y.Close()
	fmt.Println(y) // waits
	// Output: [1. 4. 9.] float32 [3] on CPU:0
}
