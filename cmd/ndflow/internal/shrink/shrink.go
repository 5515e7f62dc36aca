// Package shrink quantizes the weights of a model, and measures what that costs.
package shrink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"ndflow/cmd/ndflow/internal/outfile"
	"ndflow/cmd/ndflow/internal/progress"
	"ndflow/eager"
	"ndflow/npy"
	"ndflow/npy/quant"
)

// Options say what to do.
type Options struct {
	Model     string // the folder of a SavedModel
	Tags      []string
	Signature string // that is checked; "" for the default one
	Out       string // the .npz file to write
	Report    string // the .json file to write, or ""
	Check     string // the .npz file with inputs, or ""
	Keep      *regexp.Regexp
	Config    quant.Config
	Batch     int  // rows of the check in a step; 0 for all
	Each      Each // whether to try each weight on its own
	Force     bool // replace files that are there
	Print     io.Writer
	Progress  io.Writer // nil for none
}

// Each says whether the model is run with each weight alone quantized.
type Each string

const (
	EachAuto   Each = "auto" // where it takes no longer than eachBudget
	EachAlways Each = "always"
	EachNever  Each = "never"
)

const eachBudget = 30 * time.Second

// Run does it.
func Run(ctx context.Context, o Options) error {
	if err := o.checkFiles(); err != nil {
		return err
	}
	tags := eager.WithTags(o.Tags...)
	m, err := eager.Load(o.Model, tags)
	if err != nil {
		return err
	}
	defer m.Close()
	j := &job{Options: o, model: m, report: Report{Model: o.Model, Out: o.Out}}
	j.report.describe(o.Config)
	if err := j.plan(); err != nil {
		return err
	}
	if o.Check != "" {
		if j.check, err = openCheck(m, o); err != nil {
			return err
		}
		defer j.check.close()
	}
	bar := progress.Parts(o.Progress)
	defer bar.Stop()
	if err := j.run(ctx, bar); err != nil {
		return err
	}
	bar.Stop()
	return j.report.Write(o.Print)
}

// checkFiles finds out before the work whether what it makes can be written.
func (o *Options) checkFiles() error {
	for _, path := range []string{o.Out, o.Report} {
		if path == "" {
			continue
		}
		if _, err := os.Stat(path); err == nil && !o.Force {
			return fmt.Errorf("%s is there already; --force replaces it", path)
		}
		if err := outfile.Check(path); err != nil {
			return err
		}
	}
	if o.Report != "" && filepath.Clean(o.Report) == filepath.Clean(o.Out) {
		return fmt.Errorf("%s is to be both the weights and the report", o.Out)
	}
	return nil
}

// job is a run.
type job struct {
	Options
	model   *eager.Model
	check   *check
	weights []eager.Variable
	report  Report
}

// plan lists the weights.
func (j *job) plan() error {
	j.weights = j.model.Variables()
	if len(j.weights) == 0 {
		return fmt.Errorf("%s: the model has no variables that its signatures use, so no weights to quantize", j.Model)
	}
	kept, floats := 0, 0
	for _, v := range j.weights {
		if j.Keep != nil && j.Keep.MatchString(v.Name) {
			kept++
		}
		if isFloat(v.DType) {
			floats++
		}
	}
	if j.Keep != nil && kept == 0 {
		return fmt.Errorf("--keep %s matches no weight; there are %s", j.Keep, names(j.weights))
	}
	if floats == 0 {
		return fmt.Errorf("%s: none of the weights is of floats; there are %s", j.Model, names(j.weights))
	}
	return nil
}

// names lists weights, the first few of many.
func names(list []eager.Variable) string {
	text := ""
	for i, v := range list {
		if i == 8 {
			return fmt.Sprintf("%s, and %d more", text, len(list)-i)
		}
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%s (%v)", v.Name, v)
	}
	return text
}

func isFloat(d npy.DType) bool {
	switch d {
	case npy.Float32, npy.Float64, npy.Float16, npy.BFloat16:
		return true
	}
	return false
}

func (j *job) run(ctx context.Context, bar *progress.Bar) error {
	w, err := quant.Create(j.Out)
	if err != nil {
		return err
	}
	defer w.Abort()
	each, steps := false, 1.0
	if j.check != nil {
		bar.SetPart(0, "the model as it is")
		start := time.Now()
		if err := j.check.reference(ctx); err != nil {
			return err
		}
		took := time.Since(start) * time.Duration(len(j.weights))
		each = j.Each == EachAlways || j.Each == EachAuto && took <= eachBudget
		j.report.Each, steps = each, 2
		if j.Each == EachAuto && !each {
			j.report.Notes = append(j.report.Notes, fmt.Sprintf(
				"the model was not run with each weight alone, which would take about %v; --each always does it", took.Round(time.Second)))
		}
	}
	n := float64(len(j.weights))
	for i, v := range j.weights {
		if err := ctx.Err(); err != nil {
			return err
		}
		bar.SetPart(float64(i)/n/steps, v.Name)
		if err := j.one(ctx, w, v, each); err != nil {
			return err
		}
	}
	if j.check != nil {
		if each { // the weights are as they were again
			for i, v := range j.weights {
				bar.SetPart(0.5+float64(i)/n/2.5, "all quantized")
				if err := j.again(v); err != nil {
					return err
				}
			}
		}
		if j.report.Outputs, err = j.check.compare(ctx); err != nil {
			return err
		}
	}
	j.report.finish()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if info, err := os.Stat(j.Out); err == nil {
		j.report.File = info.Size()
	}
	if j.Report == "" {
		return nil
	}
	return outfile.Write(j.Report, j.report.WriteJSON)
}

// quantized returns a weight and what it becomes; or why it is kept.
func (j *job) quantized(v eager.Variable) (value *npy.Array, q *quant.Array, kept string, err error) {
	if value, err = j.model.Value(v.Name); err != nil {
		return nil, nil, "", err
	}
	if !isFloat(v.DType) {
		return value, nil, v.DType.String(), nil
	}
	if j.Keep != nil && j.Keep.MatchString(v.Name) {
		return value, nil, "--keep", nil
	}
	c := j.Config
	if value.NDim() < 2 {
		c.PerChannel = false // a channel of one element needs more room than before
	}
	if q, err = quant.Quantize(value, c); err == nil && c.PerChannel && sizeOf(q) >= bytesOf(value) {
		c.PerChannel = false
		q, err = quant.Quantize(value, c)
	}
	if err != nil {
		hint := ""
		if errors.Is(err, quant.ErrNotFinite) {
			hint = fmt.Sprintf("; --keep '^%s$' leaves it as it is", regexp.QuoteMeta(v.Name))
		}
		return nil, nil, "", fmt.Errorf("weight %s: %w%s", v.Name, err, hint)
	}
	if sizeOf(q) >= bytesOf(value) {
		return value, nil, "too small to gain", nil
	}
	return value, q, "", nil
}

// sizeOf is the bytes of integers, scales and zero points.
func sizeOf(q *quant.Array) int64 { return bytesOf(q.Values) + int64(5*len(q.Scale())) }

// one writes a weight, and puts what is left of it into the model; or, with each,
// runs the model with that and then puts the weight back.
func (j *job) one(ctx context.Context, w *quant.Writer, v eager.Variable, each bool) error {
	value, q, kept, err := j.quantized(v)
	if err != nil {
		return err
	}
	line := Weight{Name: v.Name, DType: v.DType.String(), Shape: value.Shape(), Kept: kept, Before: bytesOf(value)}
	if q == nil {
		line.After = line.Before
		j.report.Weights = append(j.report.Weights, line)
		return w.Keep(v.Name, value)
	}
	line.After = sizeOf(q)
	r, err := q.Report(value)
	if err != nil {
		return err
	}
	line.set(r, q)
	if err := w.Write(v.Name, q); err != nil {
		return err
	}
	if j.check != nil {
		if err := j.replace(v, q); err != nil {
			return err
		}
		if each {
			outputs, err := j.check.compare(ctx)
			if err != nil {
				return err
			}
			line.setOutputs(outputs)
			if err := j.model.Assign(v.Name, value); err != nil {
				return err
			}
		}
	}
	j.report.Weights = append(j.report.Weights, line)
	return nil
}

// again puts into the model what is left of a weight.
func (j *job) again(v eager.Variable) error {
	_, q, _, err := j.quantized(v)
	if err != nil || q == nil {
		return err
	}
	return j.replace(v, q)
}

func (j *job) replace(v eager.Variable, q *quant.Array) error {
	floats, err := npy.New(v.DType, q.Values.Shape()...)
	if err != nil {
		return err
	}
	if err := q.Into(floats); err != nil {
		return err
	}
	return j.model.Assign(v.Name, floats)
}

func bytesOf(a *npy.Array) int64 {
	if a.DType() != npy.String {
		return int64(len(a.Bytes()))
	}
	n := int64(0)
	list, _ := npy.Values[string](a)
	for _, s := range list {
		n += int64(len(s))
	}
	return n
}
