package graph

import (
	"context"
	"math"
	"sync"
	"time"

	"ndflow/internal/threads"
	"ndflow/npy"
	"ndflow/tfc"
)

// The calibration's bounds. It is there to find a good size, not the best one.
const (
	tuneBytes   = 4 << 20 // of a step's inputs and outputs
	tuneStep    = 100 * time.Millisecond
	tuneRun     = 1 * time.Millisecond // of steps, for one figure
	tuneMinRuns = 3
	tuneMaxRuns = 1000
	tuneGain    = 1.1              // what differs by less is as good
	tuneShort   = time.Millisecond // a step
	tuneMinimum = 16               // batches there must be, so that the workers have something to share
	tuneShare   = 20               // the calibration takes about this part of the time for all rows

	batchGood    = 256 // rows, which are about as good as any where there is no time to try more
	batchUntuned = 32  // rows, where there are no more or the first ones fail
)

// repeatable reports whether the first rows can be run to measure them, and run again
// for their results: not where that changes what the model keeps.
func (j *mapJob) repeatable(r *Runner) bool {
	var inputs, outputs []tfc.Output
	for i := range j.in {
		if p, err := r.find("input", r.inputs, j.in[i].spec.Name); err == nil && p.output.Op.NumOutputs() == 1 {
			inputs = append(inputs, p.output)
		}
	}
	for i := range j.out {
		if p, err := r.find("output", r.outputs, j.out[i].spec.Name); err == nil {
			outputs = append(outputs, p.output)
		}
	}
	op, err := r.session.Graph().Changes(outputs, r.targets, inputs)
	return op == "" && err == nil
}

// settle chooses, with nothing measured, what the caller has left open. One worker
// brings the rows to the model in their order.
func (j *mapJob) settle() {
	if j.Batch == 0 {
		j.Batch = min(max(j.rows-j.From, 1), batchUntuned)
	}
	if j.Workers == 0 {
		j.Workers = 1
	}
}

// calibrate chooses what the caller has left open: the batch size, then the
// workers and the executor. It runs the first rows, and puts the results aside.
// It returns the workers that it has made.
func (j *mapJob) calibrate(ctx context.Context, workers []*mapWorker) ([]*mapWorker, error) {
	j.tuning, j.perRow = time.Now(), math.Inf(1)
	if j.Batch == 0 {
		j.Batch = j.calibrateBatch(ctx, workers[0])
	}
	batches := (j.rows - j.From + j.Batch - 1) / j.Batch
	if batches < tuneMinimum {
		if j.Workers == 0 {
			j.Workers = 1
		}
		return workers, ctx.Err()
	}
	return j.calibrateWorkers(ctx, workers)
}

// calibrateBatch tries powers of two while the time for a row still falls, and
// takes the largest of those that are about as good as the best: fewer batches
// are less work around them. A short step does not end the search, because a
// kernel may take another way from some size on, and be slower just there.
func (j *mapJob) calibrateBatch(ctx context.Context, w *mapWorker) int {
	rows := j.rows - j.From
	if rows < batchUntuned {
		return max(rows, 1)
	}
	chosen, worse := batchUntuned, 0
	w.r.executor = j.alone()
	for b := 1; (b == 1 || b*tuneMinimum <= rows) && worse < 2 && ctx.Err() == nil; b *= 2 {
		t, err := w.timeSteps(ctx, b)
		if err != nil {
			break // the walk itself will say so
		}
		perRow := t.Seconds() / float64(b)
		switch {
		case perRow < j.perRow*tuneGain:
			chosen, worse = b, 0
		case t > tuneShort:
			worse++
		}
		j.perRow = min(j.perRow, perRow)
		if t > tuneStep || 2*w.stepBytes(b) > tuneBytes || (b >= batchGood || t > tuneShort) && j.tunedEnough() {
			break
		}
	}
	return chosen
}

// tunedEnough reports whether the calibration has taken its share of the time
// that all rows will take, as far as that is known.
func (j *mapJob) tunedEnough() bool {
	return time.Since(j.tuning).Seconds() > j.perRow*float64(j.rows-j.From)/tuneShare
}

// alone is the executor for one worker by itself, until it is chosen.
func (j *mapJob) alone() Executor {
	if j.executor == Auto {
		return Inline
	}
	return j.executor
}

// timeSteps returns the time of a step of the first n rows.
func (w *mapWorker) timeSteps(ctx context.Context, n int) (time.Duration, error) {
	lo := w.job.From
	if err := w.probe(ctx, lo, lo+n); err != nil { // feeds, and warms up
		return 0, err
	}
	best, start := time.Duration(math.MaxInt64), time.Now()
	for k := 0; k < tuneMaxRuns && (k < tuneMinRuns || time.Since(start) < tuneRun); k++ {
		t := time.Now()
		if err := w.r.Run(context.WithoutCancel(ctx)); err != nil {
			return 0, err
		}
		best = min(best, time.Since(t))
		if best > tuneStep {
			break
		}
	}
	return best, nil
}

// stepBytes is how much memory goes in and out of a step of n rows.
func (w *mapWorker) stepBytes(n int) int {
	total := 0
	for i := range w.job.in {
		if in := &w.job.in[i]; in.rows {
			if p, err := w.r.find("input", w.r.inputs, in.spec.Name); err == nil && p.array != nil && in.spec.DType != npy.String {
				total += len(p.array.Bytes()) / max(p.array.Dim(0), 1) * n
			}
		}
	}
	for i := range w.job.out {
		out := &w.job.out[i]
		total += elements(out.row) * out.spec.DType.Size() * n
	}
	return total
}

// calibrateWorkers compares what can be done at once, and takes the most workers
// that are about as good as the best: one reads and stores while another's step
// runs, which is no part of what is measured. With no time to compare it takes
// one for each processor.
func (j *mapJob) calibrateWorkers(ctx context.Context, workers []*mapWorker) ([]*mapWorker, error) {
	executors := []Executor{j.executor}
	if j.executor == Auto {
		executors = []Executor{Inline, Pool}
	}
	counts := j.workerCounts()
	for len(workers) < counts[0] {
		w, err := j.newWorker()
		if err != nil {
			return workers, err
		}
		workers = append(workers, w)
	}
	chosen, executor, best := counts[0], j.alone(), 0.0
	for _, n := range counts {
		for _, e := range executors {
			if j.tunedEnough() {
				break
			}
			speed := j.together(ctx, workers[:n], e) // 0 if the first rows fail: the walk itself will say so
			if n == chosen && speed > best || speed > best*tuneGain {
				chosen, executor, best = n, e, speed
				j.perRow = min(j.perRow, 1/(speed*float64(j.Batch)))
			}
		}
	}
	j.Workers, j.executor = chosen, executor
	return workers, ctx.Err()
}

// workerCounts are those to compare, the most first.
func (j *mapJob) workerCounts() []int {
	if j.Workers > 0 {
		return []int{j.Workers}
	}
	counts := []int{threads.Usable()}
	for n := counts[0] / 2; n > 0; n /= 2 {
		counts = append(counts, n)
	}
	return counts
}

// together returns how many batches a second some workers do on an executor; 0
// if they fail.
func (j *mapJob) together(ctx context.Context, workers []*mapWorker, e Executor) float64 {
	var mu sync.Mutex
	failed := false
	each := func(do func(w *mapWorker) error) {
		var wg sync.WaitGroup
		for _, w := range workers {
			wg.Go(func() {
				if do(w) != nil {
					mu.Lock()
					failed = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	}
	var slowest time.Duration
	each(func(w *mapWorker) error {
		w.r.executor = e
		start := time.Now()
		err := w.stepAside(ctx, j.From, j.From+j.Batch)
		mu.Lock()
		slowest = max(slowest, time.Since(start))
		mu.Unlock()
		return err
	})
	if failed || ctx.Err() != nil {
		return 0
	}
	runs := min(max(int(8*tuneRun/max(slowest, 1)), tuneMinRuns), tuneMaxRuns)
	start := time.Now()
	each(func(w *mapWorker) error {
		for range runs {
			if err := w.r.Run(context.WithoutCancel(ctx)); err != nil {
				return err
			}
		}
		return nil
	})
	if failed {
		return 0
	}
	return float64(runs*len(workers)) / time.Since(start).Seconds()
}

// elements is how many elements an array of a shape has.
func elements(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
