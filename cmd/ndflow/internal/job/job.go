// Package job runs a model once, or batch by batch, over files.
//
// Everything that can be wrong with the files is found before the model is
// loaded, which may take long. Results get their names when all of them are
// complete: until then, and after an error, the files that were there are as
// they were.
package job

import (
	"context"
	"fmt"
	"io"
	"time"

	"ndflow/cmd/ndflow/internal/await"
	"ndflow/graph"
	"ndflow/tfc"
)

// Options say what to run.
type Options struct {
	Model     string    // a SavedModel's folder or a GraphDef's file
	Signature string    // "" for the default one
	Tags      *[]string // nil for the default ones
	Executor  graph.Executor
	Threads   int // 0 leaves the choice to TensorFlow
	Batch     int // rows a step; 0 for all in one step

	In  []Source
	Out []Target // none: the results are printed

	Print    io.Writer                        // what is printed goes here
	Progress io.Writer                        // a terminal to draw a bar on, or nil
	Log      func(format string, args ...any) // told what happens, or nil
}

// Run does the job.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	sources, err := openSources(o.In)
	if err != nil {
		return err
	}
	defer sources.release()
	files, err := stage(o.Out)
	if err != nil {
		return err
	}
	defer files.abort()

	start := time.Now()
	library, err := tfc.Load("")
	if err != nil {
		return err
	}
	o.Log("TensorFlow %s from %s", library.Version(), library.Path())
	m, err := await.Result(ctx, func() (*model, error) { return open(o) })
	if err != nil {
		return err
	}
	defer func() {
		// Closing waits for a step that was left behind; a program that is
		// told to end does not.
		if ctx.Err() == nil {
			m.close()
		}
	}()
	o.Log("loaded %s, %s, in %s", o.Model, m.what, round(time.Since(start)))
	return runModel(ctx, o, m, sources, files)
}

func runModel(ctx context.Context, o Options, m *model, sources *sources, files *files) error {
	in, err := sources.bind(m)
	if err != nil {
		return err
	}
	out, err := files.bind(m)
	if err != nil {
		return err
	}
	r, err := m.runner(names(in), resultNames(out))
	if err != nil {
		return err
	}
	defer r.Close()
	s := &steps{Options: o, runner: r, in: in, out: out}
	start := time.Now()
	if err := s.run(ctx); err != nil {
		return err
	}
	took := time.Since(start)
	e, err := r.Executor()
	if err != nil {
		return err
	}
	o.Log("ran %s in %s, executor %v", count(s.done, "step"), round(took), e)
	r.Close() // lets the mapped results go

	start = time.Now()
	if err := files.commit(ctx); err != nil {
		return err
	}
	for _, f := range files.list {
		o.Log("wrote %s in %s", f.path, round(time.Since(start)))
	}
	if len(files.list) > 0 {
		return nil
	}
	for _, res := range out {
		if _, err := fmt.Fprintf(o.Print, "%s: %v %v\n%v\n", res.name, res.array.DType(), res.array.Shape(), res.array); err != nil {
			return err
		}
	}
	return nil
}

// round makes a time readable.
func round(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > time.Millisecond:
		return d.Round(10 * time.Microsecond)
	}
	return d.Round(10 * time.Nanosecond)
}

// count puts a number before a word, "1 step", "3 steps".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
