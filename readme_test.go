package ndflow_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/cuda"
	"ndflow/cuda/fakecuda"
	"ndflow/eager"
	"ndflow/eager/data"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/npy/stat"
	"ndflow/ops"
	"ndflow/ops/math"
	"ndflow/ops/nn"
	"ndflow/weights"
)

// The code in the README is that of these examples, which run.

func Example() {
	// README example
	model, err := graph.Load("testdata/models/add4") // a SavedModel
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
	fmt.Println(out["sum"]) // [[11. 22. 33. 44.]]
	// README end

	// Output: [[11. 22. 33. 44.]]
}

func Example_eager() {
	a, _ := npy.New(npy.Float32, 2, 2)
	elements, _ := npy.Values[float32](a)
	copy(elements, []float32{1, 2, 3, 4})
	// README eager
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	x, _ := ec.Tensor(a) // the array's own memory
	defer x.Close()
	y, err := ec.Op("MatMul").Input(x, x).Bool("transpose_b", true).Output()
	if err != nil {
		log.Fatal(err) // with the op's signature, where it was called wrongly
	}
	defer y.Close()
	view, err := y.Value() // TensorFlow's own memory; Into and Copy give the program's
	// README end
	fmt.Println(view, err)

	// Output:
	// [[ 5. 11.]
	//  [11. 25.]] <nil>
}

func Example_gpu() {
	ctx := context.Background()
	if err := useFakeDriver(); err != nil {
		log.Fatal(err)
	}
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	y, _ := eager.FromSlice(ec, []float32{1, 2, 3, 4}, 2, 2)
	defer y.Close()
	// README gpu
	gpu, err := cuda.Open(0) // cuda.Available() says why not
	if err != nil {
		log.Fatal(err)
	}
	defer gpu.Close()
	stream, _ := gpu.NewStream()
	defer stream.Close()
	dst, _ := gpu.NewBuffer(npy.Float32, 2, 2) // gpu.NewHostBuffer is pinned memory
	defer dst.Close()
	landed, err := y.IntoStream(stream, dst) // returns at once; y is a tensor on any device
	if err != nil {
		log.Fatal(err)
	}
	err = landed.Wait(ctx)
	// README end
	back, _ := npy.New(npy.Float32, 2, 2)
	fmt.Println(err, cuda.Copy(back, dst))
	fmt.Println(back)

	// Output:
	// <nil> <nil>
	// [[1. 2.]
	//  [3. 4.]]
}

// useFakeDriver opens the driver that stands for a GPU's.
func useFakeDriver() error {
	path, err := fakecuda.Build("")
	if err == nil {
		_, err = cuda.Load(path)
	}
	return err
}

func Example_weights() {
	ctx := context.Background()
	defer inNewFolder()()
	// README weights
	s, err := weights.Open("testdata/models/mlp") // or a checkpoint, an archive, w.part0.npy ...
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	for _, w := range s.List() {
		a, err := s.Read(w.Name)
		if err != nil {
			log.Fatal(err)
		}
		about, _ := stat.Of(a)
		fmt.Println(w.Name, a.Shape(), about.Zeros)
	}
	kept, err := weights.SaveModel(ctx, "new-model", "testdata/models/mlp", s)
	// README end
	fmt.Println(kept, err)

	// Output:
	// b1 [8] 0
	// b2 [4] 0
	// w1 [16 8] 0
	// w2 [8 4] 0
	// [] <nil>
}

func Example_ops() {
	w, _ := npy.From([]float32{1, 0, 0, 0, 1, 1}, 2, 3)
	// README ops
	g, err := graph.New()
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	x, _ := g.Placeholder("x", npy.Float32, []int{-1, 3})
	s := ops.NewScope(g)
	y := nn.Softmax(s, math.MatMul(s, x, ops.Const(s, w), math.MatMulTransposeB(true)))
	dx, err := g.Gradients([]graph.Output{y}, []graph.Output{x}) // TensorFlow's own
	err = errors.Join(err, s.Err())                              // the first mistake, with the op's signature
	// README end
	fmt.Println(y, dx[0].Shape(), err)

	// Output: Softmax:0 [-1 3] <nil>
}

func Example_runner() {
	model, err := graph.Load("testdata/models/add4")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	x, _ := npy.From([]float32{1, 2, 3, 4}, 1, 4)
	y, _ := npy.From([]float32{10, 20, 30, 40}, 1, 4)
	// README runner
	r, err := model.Runner("serving_default") // one per goroutine
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	dst, _ := npy.New(npy.Float32, 100, 4)            // may be larger than the result
	err = errors.Join(r.Feed("x", x), r.Feed("y", y), // read at each Run
		r.Into("sum", dst), // written at each Run
		r.Run(context.Background()))
	sum, _ := r.Value("sum") // the part of dst that was written, with its shape
	// README end
	fmt.Println(sum, sum.Shape(), err)

	// Output: [[11. 22. 33. 44.]] [1 4] <nil>
}

func Example_map() {
	model, err := graph.Load("testdata/models/mlp")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	defer inNewFolder()()
	all, _ := npy.New(npy.Float32, 1000, 16)
	if err := npy.WriteFile("x.npy", all); err != nil {
		log.Fatal(err)
	}
	// README map
	x, err := npy.Open("x.npy") // mapped, not read
	if err != nil {
		log.Fatal(err)
	}
	defer x.Release()
	err = graph.Map(context.Background(), model,
		map[string]graph.Source{"x": graph.FromArray(x)},
		map[string]graph.Sink{"probs": graph.ToFile("probs.npy")},
		graph.MapOptions{})
	// README end
	probs, _ := npy.ReadFile("probs.npy")
	fmt.Println(probs.Shape(), err)

	// Output: [1000 4] <nil>
}

func Example_load() {
	// README load
	model, err := eager.Load("testdata/models/keras") // as tf.saved_model.save wrote it
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	x, _ := eager.FromSlice(model.Context(), []float32{1, 2, 3, 4}, 1, 4)
	out, err := model.Call(context.Background(), "serving_default", map[string]*eager.Tensor{"inputs": x})
	if err != nil {
		log.Fatal(err)
	}
	probs, err := out["output_0"].Copy() // to an array of the program's own
	// README end
	fmt.Println(probs.DType(), probs.Shape(), err)

	// Output: float32 [1 2] <nil>
}

func Example_dataset() {
	ec, err := eager.New()
	if err != nil {
		log.Fatal(err)
	}
	defer ec.Close()
	defer inNewFolder()()
	all, _ := npy.New(npy.Float32, 1000, 16)
	if err := npy.WriteFile("x.npy", all); err != nil {
		log.Fatal(err)
	}
	labels, _ := npy.New(npy.Int64, 1000)
	ctx, rows := context.Background(), 0
	train := func(x, label *eager.Tensor) {
		shape, _ := x.Shape()
		rows += shape[0]
	}
	// README dataset
	x, err := npy.Open("x.npy") // mapped, not read
	if err != nil {
		log.Fatal(err)
	}
	defer x.Release()
	ds := data.FromArrays(ec, x, labels).Shuffle(10_000, 42).Batch(256).Prefetch(data.AutoTune)
	for range 3 { // epochs, each in an order of its own
		for batch, err := range ds.All(ctx) {
			if err != nil {
				log.Fatal(err) // also the first mistake in the chain above
			}
			train(batch[0], batch[1]) // tensors, which the loop closes
		}
	}
	// README end
	fmt.Println(rows, "rows")

	// Output: 3000 rows
}

// inNewFolder makes a folder with testdata in it the current one, until the
// function it returns takes it away: what is written is not written to the sources.
func inNewFolder() (leave func()) {
	old, err := os.Getwd()
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "readme")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(old, "testdata"), filepath.Join(dir, "testdata")); err != nil {
		log.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		log.Fatal(err)
	}
	return func() {
		if err := errors.Join(os.Chdir(old), os.RemoveAll(dir)); err != nil {
			log.Fatal(err)
		}
	}
}

// The README shows the examples above, to the letter.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("readme_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"example", "runner", "map", "eager", "ops", "load", "dataset"} {
		_, rest, ok := strings.Cut(string(source), "\t// README "+name+"\n")
		if !ok {
			t.Fatalf("no example %q here", name)
		}
		code, _, _ := strings.Cut(rest, "\t// README end\n")
		code = strings.ReplaceAll("\n"+code, "\n\t", "\n")[1:]
		want := "<!-- " + name + " -->\n```go\n" + code + "```\n"
		if !strings.Contains(string(readme), want) {
			t.Errorf("README.md does not show example %q as it is here:\n%s", name, want)
		}
	}
}
