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
	Model         string    // a SavedModel's folder or a GraphDef's file
	Signature     string    // "" for the default one
	Tags          *[]string // nil for the default ones
	Executor      graph.Executor
	Threads       int    // 0 leaves the choice to TensorFlow
	Device        string // "CPU", "GPU:0"; "" leaves the choice to TensorFlow
	StrictDevices bool   // ops that ask for a device which does not exist are an error
	Batch         int    // rows a step; 0 for all in one step, or BatchAuto

	// With a Batch only.
	Workers    int  // steps at once; 0 finds a good number
	Resume     bool // go on where an earlier run was killed, and keep what is done when this one fails
	SkipErrors bool // leave batches that fail out, and record them

	In  []Source
	Out []Target // none: the results are printed

	Print    io.Writer                        // what is printed goes here
	Progress io.Writer                        // a terminal to draw a bar on, or nil
	Log      func(format string, args ...any) // told what happens, or nil
	Note     func(format string, args ...any) // told what the user should know, or nil
}

// BatchAuto leaves the batch size to a short calibration.
const BatchAuto = -1

// Run does the job.
func Run(ctx context.Context, o Options) error {
	nothing := func(string, ...any) {}
	if o.Log == nil {
		o.Log = nothing
	}
	if o.Note == nil {
		o.Note = nothing
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
	for _, moved := range m.moved {
		o.Log("moved: %v", moved)
	}
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
	if len(out) == 0 && o.Batch != 0 {
		return fmt.Errorf("%s has no outputs, which --batch would put together: run it without", m.what)
	}
	for _, s := range m.outputs {
		if p := problem(s); p != "" && len(files.list) == 0 {
			o.Note("output %q is left out: %s", s.Name, p)
		}
	}
	r, err := m.runner(names(in), resultNames(out))
	if err != nil {
		return err
	}
	defer r.Close()
	newRunner := func() (*graph.Runner, error) { return m.runner(names(in), resultNames(out)) }
	s := &steps{Options: o, runner: r, newRunner: newRunner, in: in, out: out}
	if err := s.prepare(); err != nil {
		return err
	}
	start := time.Now()
	if err := s.run(ctx, m, files); err != nil {
		return err
	}
	defer s.journal.remove()
	if err := s.report(time.Since(start)); err != nil {
		return err
	}
	r.Close() // lets the mapped results go

	start = time.Now()
	if err := files.commit(ctx); err != nil {
		return err
	}
	for _, f := range files.list {
		o.Log("wrote %s in %s", f.path, round(time.Since(start)))
	}
	if err := s.tellFailures(files); err != nil {
		return err
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
