package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"ndflow/npy"
)

// MapOptions says how [Map] goes about its work. The zero value does all by
// itself.
type MapOptions struct {
	Signature string // of the model; the default one if empty

	// Batch is how many rows go into a step, and Workers how many steps run at
	// once, each in a Runner of its own. 0 leaves the choice to a short
	// calibration on the first rows. A model that is made for one batch size
	// gets that, the last batch padded.
	//
	// Steps that change state (variables that are assigned, tables that are
	// written, queues, random numbers, prints: [tfc.Graph.Changes]) are never run
	// only to measure them. For those 0 is 32 rows, and one worker, which brings
	// the rows in their order. With more workers the order is any.
	Batch, Workers int

	// From is the first row to do, for a Map that goes on where another was
	// stopped: those before it must be in the outputs. With the same Batch the
	// results are those of a Map that was not stopped.
	From int

	// OnError decides about a batch that has failed: nil leaves its rows out,
	// zero in arrays and files, and goes on; an error ends Map. Without it every
	// failure ends Map.
	OnError func(*BatchError) error

	// Progress is told how far all is done, from one goroutine at a time.
	Progress func(MapProgress)

	// Stats, if it is not nil, is filled in when Map returns: how the results
	// have come to where they are.
	Stats *Stats
}

// MapProgress says how far a Map is.
type MapProgress struct {
	Done, Rows     int // rows: all before Done are done, or left out
	Skipped        int // those that were left out
	Batch, Workers int // as chosen
	Executor       Executor
}

// BatchError says which rows have failed, and why.
type BatchError struct {
	Lo, Hi int // the rows from Lo up to Hi
	Err    error
}

func (e *BatchError) Error() string {
	if e.Hi-e.Lo == 1 {
		return fmt.Sprintf("graph: map: row %d: %v", e.Lo, inner(e.Err))
	}
	return fmt.Sprintf("graph: map: rows %d to %d: %v", e.Lo, e.Hi-1, inner(e.Err))
}

// Unwrap returns why.
func (e *BatchError) Unwrap() error { return e.Err }

// Map runs a model over the rows of its inputs, batch by batch, several batches
// at a time, and brings the outputs to where they belong, in order. Inputs and
// outputs are named as the signature names them; outputs that are not wanted
// are left out. Every output must have a row for each row that goes in.
//
//	err := graph.Map(ctx, model,
//		map[string]graph.Source{"x": graph.FromArray(x)},
//		map[string]graph.Sink{"probs": graph.ToFile("probs.npy")},
//		graph.MapOptions{})
//
// Files and arrays of any size are mapped in constant memory: what is read is
// fed where it lies, results land where they stay, placed if they can be, and
// the memory of mapped files is given back behind the walk.
//
// A ctx that is cancelled ends Map as soon as the steps that run are done. After
// an error the arrays have some of their rows, files of [ToFile] none.
func Map(ctx context.Context, m *Model, in map[string]Source, out map[string]Sink, o MapOptions) error {
	return MapRunners(ctx, func() (*Runner, error) { return m.Runner(o.Signature) }, in, out, o)
}

// MapRunners is [Map] for what is no signature: newRunner makes a Runner for
// each worker, which Map closes.
func MapRunners(ctx context.Context, newRunner func() (*Runner, error), in map[string]Source, out map[string]Sink, o MapOptions) error {
	r, err := newRunner()
	if err != nil {
		return err
	}
	defer r.Close()
	j, err := newMapJob(r, newRunner, in, out, o)
	if err != nil {
		return err
	}
	err = j.run(ctx)
	return errors.Join(err, j.end(err == nil))
}

// mapJob is one call of Map.
type mapJob struct {
	MapOptions
	newRunner func() (*Runner, error)
	tuner     *tuner // shared by all workers
	in        []mapInput
	out       []mapOutput
	rows      int
	fixed     int // the batch size that the model is made for, or 0
	executor  Executor
	tuning    time.Time // since when the calibration runs
	perRow    float64   // the seconds that a row takes at best, as it has seen
}

type mapInput struct {
	spec   Spec
	source Source
	rows   bool // is walked
}

type mapOutput struct {
	spec Spec
	sink Sink
	// The sink as one of these.
	land  Lander
	store RowStorer
	write RowWriter
	row   []int
}

func newMapJob(r *Runner, newRunner func() (*Runner, error), in map[string]Source, out map[string]Sink, o MapOptions) (*mapJob, error) {
	j := &mapJob{MapOptions: o, newRunner: newRunner, tuner: r.tuner, executor: r.executor, rows: -1}
	if o.Batch < 0 || o.Workers < 0 || o.From < 0 {
		return nil, fmt.Errorf("graph: map: batch %d, workers %d, from %d: none can be negative", o.Batch, o.Workers, o.From)
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		p, err := r.find("input", r.inputs, name)
		if err != nil {
			return nil, err
		}
		if err := j.addInput(p.spec, in[name]); err != nil {
			return nil, err
		}
	}
	if j.rows < 0 {
		return nil, fmt.Errorf("graph: map: %s: no input has rows to walk", r.label)
	}
	for _, p := range r.inputs {
		if in[p.spec.Name] == nil && !p.optional {
			return nil, fmt.Errorf("graph: map: %s: input %q (%v) is %w", r.label, p.spec.Name, p.spec, ErrNotFed)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(out)) {
		p, err := r.find("output", r.outputs, name)
		if err != nil {
			return nil, err
		}
		if err := j.addOutput(p.spec, out[name]); err != nil {
			return nil, err
		}
	}
	if len(j.out) == 0 {
		return nil, fmt.Errorf("graph: map: %s: no output is wanted; it has %q", r.label, names(specs(r.outputs)))
	}
	return j, j.checkBatch()
}

func (j *mapJob) addInput(spec Spec, source Source) error {
	if source == nil {
		return fmt.Errorf("graph: map: input %q: its source is nil", spec.Name)
	}
	rows := source.Rows()
	j.in = append(j.in, mapInput{spec: spec, source: source, rows: rows >= 0})
	if rows < 0 {
		return nil
	}
	if j.rows >= 0 && rows != j.rows {
		i := slices.IndexFunc(j.in, func(in mapInput) bool { return in.rows })
		return fmt.Errorf("graph: map: input %q has %d rows, input %q has %d: %w", j.in[i].spec.Name, j.rows, spec.Name, rows, npy.ErrShape)
	}
	j.rows = rows
	if len(spec.Shape) > 0 && spec.Shape[0] >= 0 {
		if j.fixed > 0 && spec.Shape[0] != j.fixed {
			return fmt.Errorf("graph: map: the model takes %d rows of one input and %d of another (%q) a step", j.fixed, spec.Shape[0], spec.Name)
		}
		j.fixed = spec.Shape[0]
	}
	return nil
}

func (j *mapJob) addOutput(spec Spec, sink Sink) error {
	if sink == nil {
		return fmt.Errorf("graph: map: output %q: its sink is nil", spec.Name)
	}
	if spec.DType == npy.Invalid {
		return fmt.Errorf("graph: map: output %q: a tensor of %s has no array form", spec.Name, spec.Type)
	}
	out := mapOutput{spec: spec, sink: sink}
	switch s := sink.(type) {
	case Lander:
		out.land = s
	case RowStorer:
		out.store = s
	case RowWriter:
		out.write = s
	default:
		return fmt.Errorf("graph: map: output %q: a %T has none of the methods Land, Store and Write", spec.Name, sink)
	}
	j.out = append(j.out, out)
	return nil
}

// checkBatch settles the batch size of models that are made for one.
func (j *mapJob) checkBatch() error {
	if j.fixed > 0 {
		if j.Batch != 0 && j.Batch != j.fixed {
			return fmt.Errorf("graph: map: batch %d: the model takes %d rows a step", j.Batch, j.fixed)
		}
		j.Batch = j.fixed
	}
	if j.From > j.rows || j.Batch > 0 && j.From%j.Batch != 0 && j.From != j.rows {
		return fmt.Errorf("graph: map: from row %d: want the beginning of a batch of %d among %d rows", j.From, j.Batch, j.rows)
	}
	j.Batch = min(j.Batch, max(j.rows, 1, j.fixed)) // which room is made for
	if j.From > 0 && j.Batch == 0 {
		return errors.New("graph: map: to go on from a row, say the batch size that the rows before it were done with")
	}
	return nil
}

// begin prepares the sinks, once the shape of a row of every output is known.
func (j *mapJob) begin() error {
	for i := range j.out {
		out := &j.out[i]
		if err := out.sink.Begin(out.spec.DType, j.rows, out.row); err != nil {
			return fmt.Errorf("graph: map: output %q: %w", out.spec.Name, err)
		}
	}
	return j.passers(func(p passer) error { return p.Start() })
}

// passers calls what wants to know how far the walk is.
func (j *mapJob) passers(call func(passer) error) error {
	for i := range j.in {
		if p, ok := j.in[i].source.(passer); ok {
			if err := call(p); err != nil {
				return fmt.Errorf("graph: map: input %q: %w", j.in[i].spec.Name, err)
			}
		}
	}
	for i := range j.out {
		if p, ok := j.out[i].sink.(passer); ok {
			if err := call(p); err != nil {
				return fmt.Errorf("graph: map: output %q: %w", j.out[i].spec.Name, err)
			}
		}
	}
	return nil
}

// end completes the files of ToFile, or takes them away.
func (j *mapJob) end(ok bool) error {
	var errs []error
	for i := range j.out {
		f, is := j.out[i].sink.(*fileSink)
		if !is {
			continue
		}
		if err := f.end(ok && errs == nil); err != nil {
			errs = append(errs, fmt.Errorf("graph: map: output %q: %w", j.out[i].spec.Name, err))
		}
	}
	return errors.Join(errs...)
}
