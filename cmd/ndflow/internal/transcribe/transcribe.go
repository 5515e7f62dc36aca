// Package transcribe is the ndflow demo: it plays a tune, lets a model hear
// its notes, and compares them with those that were played.
//
// It is written as a program that uses ndflow would be; the numbers land in
// arrays that are made before the model runs.
package transcribe

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"ndflow/cmd/ndflow/internal/await"
	"ndflow/graph"
	"ndflow/internal/demo"
	"ndflow/npy"
	"ndflow/tfc"
)

// Options say where things are.
type Options struct {
	Model string // the folder of basic-pitch's SavedModel
	Out   string // the folder to write to
	Print io.Writer
}

// Run does everything, step by step.
func Run(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.Out, 0o777); err != nil {
		return err
	}
	p := &printer{w: o.Print}
	tune := demo.Tune()
	samples := demo.Synthesize(tune)
	seconds := float64(len(samples)) / demo.SampleRate
	p.step("Tune", "the opening of the \"Ode to Joy\" on plucked strings: %d notes, %.1f s", len(tune), seconds)
	if err := writeTune(p, o.Out, samples); err != nil {
		return err
	}

	answers, err := hear(ctx, p, o.Model, samples)
	if err != nil {
		return err
	}
	found, err := demo.Decode(answers.note, answers.onset)
	if err != nil {
		return err
	}
	score := demo.Compare(tune, found)
	p.step("Result", "%v", score)
	p.more("(times in seconds)")
	p.blank()
	if p.err != nil {
		return p.err
	}
	if err := score.WriteTable(o.Print); err != nil {
		return err
	}
	p.blank()
	return writeResult(p, o.Out, found, answers.note, score)
}

// answers are what the model says of the whole tune: a row for each frame of
// about 12 ms and a column for each of a piano's 88 keys.
type answers struct {
	note  *npy.Array // how surely the key sounds
	onset *npy.Array // how surely it was struck just now
}

// hear runs the model over the samples.
func hear(ctx context.Context, p *printer, dir string, samples []float32) (*answers, error) {
	start := time.Now()
	library, err := tfc.Load("")
	if err != nil {
		return nil, err
	}
	model, err := await.Result(ctx, func() (*graph.Model, error) { return graph.Load(dir) })
	if err != nil {
		return nil, err
	}
	defer func() {
		if ctx.Err() == nil { // else a step may be left behind, for which Close would wait
			model.Close()
		}
	}()
	p.step("Model", "Basic Pitch, loaded by TensorFlow %s in %s", library.Version(), round(time.Since(start)))
	p.more("%s", dir)

	windows, err := demo.Windows(samples)
	if err != nil {
		return nil, err
	}
	p.step("Input", "windows of 2 s that overlap: %v %v", windows.DType(), windows.Shape())
	note, onset, err := run(ctx, p, model, windows)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}

	var a answers
	if a.note, err = demo.Unwrap(note, len(samples)); err != nil {
		return nil, err
	}
	if a.onset, err = demo.Unwrap(onset, len(samples)); err != nil {
		return nil, err
	}
	p.step("Notes", "the windows joined to %d frames, and decoded", a.note.Dim(0))
	return &a, nil
}

// run runs the model for one window after the other. Each answer lands in its
// place in the arrays for all of them.
func run(ctx context.Context, p *printer, model *graph.Model, windows *npy.Array) (note, onset *npy.Array, err error) {
	runner, err := model.Runner("")
	if err != nil {
		return nil, nil, err
	}
	defer runner.Close()
	if len(runner.Inputs()) != 1 {
		return nil, nil, fmt.Errorf("the model has %d inputs, but Basic Pitch has one", len(runner.Inputs()))
	}
	input := runner.Inputs()[0].Name

	n := windows.Dim(0)
	if note, err = npy.New(npy.Float32, n, 172, 88); err != nil {
		return nil, nil, err
	}
	if onset, err = npy.New(npy.Float32, n, 172, 88); err != nil {
		return nil, nil, err
	}
	window := func(i int) error {
		x, err := windows.Slice(i, i+1)
		if err != nil {
			return err
		}
		if err := runner.Feed(input, x); err != nil {
			return err
		}
		for name, all := range map[string]*npy.Array{"note": note, "onset": onset} {
			dst, err := all.Slice(i, i+1)
			if err != nil {
				return err
			}
			if err := runner.Into(name, dst); err != nil {
				return err
			}
		}
		return runner.Run(ctx)
	}

	if err := choose(p, runner, window); err != nil {
		return nil, nil, err
	}
	start := time.Now()
	for i := range n {
		if err := window(i); err != nil {
			return nil, nil, err
		}
	}
	p.step("Run", "%d windows in %s; the results landed in arrays made beforehand:", n, round(time.Since(start)))
	p.more("note  %v %v", note.DType(), note.Shape())
	p.more("onset %v %v", onset.DType(), onset.Shape())
	return note, onset, nil
}

// choose times both executors and keeps the faster. A Runner does so by itself
// in its first steps; here it is done in the open, to be seen.
func choose(p *printer, runner *graph.Runner, window func(int) error) error {
	best := map[graph.Executor]time.Duration{}
	for _, e := range []graph.Executor{graph.Inline, graph.Pool} {
		if err := runner.SetExecutor(e); err != nil {
			return err
		}
		for i := range 4 {
			start := time.Now()
			if err := window(0); err != nil {
				return err
			}
			// The first step prepares what the others use.
			if took := time.Since(start); i > 0 && (best[e] == 0 || took < best[e]) {
				best[e] = took
			}
		}
	}
	faster := graph.Inline
	if best[graph.Pool] < best[graph.Inline] {
		faster = graph.Pool
	}
	p.step("Executor", "%v: a window takes %s on the calling thread (inline), %s on TensorFlow's pool",
		faster, round(best[graph.Inline]), round(best[graph.Pool]))
	return runner.SetExecutor(faster)
}

func round(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
