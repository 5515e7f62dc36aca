package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

var _ = register(&Scenario{
	Name:  "async",
	Title: "Results handled behind the producer's back",
	Work: "A producer brings items of 256 rows, the small network runs on each, and the result is saved to a file: flat " +
		"out, when the time is that of all items, and at a pace that in line can just be kept. p50 and p99 are what the " +
		"producer waits for an item to be taken from him.",
	Unit: "item",
	Claims: []Claim{
		{Says: "over 50 % less latency when results are handled asynchronously", Verdict: asyncVerdict},
		{Says: "and all is done sooner", Verdict: asyncTotalVerdict},
	},
	Cases: asyncCases,
})

const (
	flatOut = "flat out"
	paced   = "paced"

	asyncC         = "C, in line"
	asyncInLine    = "in line"
	asyncEager     = "eager, async"
	asyncPyInLine  = "Python, in line"
	asyncPyThreads = "Python, 2 threads"

	itemRows  = 256
	itemKinds = 4 // items that differ
)

// asyncWorkers are the sizes of pipelines; none is the default of five.
var asyncWorkers = []int{1, 2, 5}

func pipelineName(workers int) string { return fmt.Sprintf("Pipeline, %d workers", workers) }

// production is items that are run and saved.
type production struct {
	dir    string // for files
	model  string
	inputs []graph.Feeds // item i is number i%itemKinds of them
	items  int           // in a repetition
	pace   time.Duration // between items; 0 for none
}

func asyncCases(ctx context.Context, env *Env) ([]Case, error) {
	p := production{dir: env.Dir, items: 100}
	if env.Quick {
		p.items = 10
	}
	var err error
	if p.model, err = env.Model("mlp"); err != nil {
		return nil, err
	}
	var paths []string
	for i := range itemKinds {
		step, err := stepOf(p.model, itemRows)
		if err != nil {
			return nil, err
		}
		x := step.Feeds["x"]
		v, err := npy.Values[float32](x)
		if err != nil {
			return nil, err
		}
		for k := range v {
			v[k] += float32(i)
		}
		path, err := env.Save(x)
		if err != nil {
			return nil, err
		}
		p.inputs, paths = append(p.inputs, step.Feeds), append(paths, path)
	}
	task := Task{Work: "items", Args: map[string]any{"model": p.model, "inputs": paths, "items": p.items}}
	if p.pace, err = p.inLinePace(ctx); err != nil {
		return nil, err
	}
	slow := p
	p.pace = 0
	return []Case{
		p.asCase(env, flatOut, task),
		slow.asCase(env, paced, task.With("pace_ns", slow.pace.Nanoseconds())),
	}, nil
}

func (p production) asCase(env *Env, name string, task Task) Case {
	peers := []Peer{p.peer(asyncC, p.floor), p.peer(asyncInLine, p.inLine)}
	for _, workers := range asyncWorkers {
		peers = append(peers, p.peer(pipelineName(workers), p.pipeline(workers)))
	}
	peers = append(peers, p.peer(asyncEager, p.eagerAsync))
	peers[0].Kind = Floor
	return Case{
		Name: name, Group: name, Items: float64(p.items), Floor: asyncC, Task: &task, Tolerance: 1e-4,
		Peers: append(peers,
			env.Python(asyncPyInLine, task),
			env.Python(asyncPyThreads, task.With("threads", 2))),
	}
}

// inLinePace is half as much again as an item takes in line.
func (p production) inLinePace(ctx context.Context) (time.Duration, error) {
	w, err := p.peer(asyncInLine, p.inLine).Setup(ctx)
	if err != nil {
		return 0, err
	}
	defer w.close()
	p.pace = 0
	var times []float64
	for range 5 {
		start := time.Now()
		if err := w.Run(1); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(start))/float64(p.items))
	}
	return time.Duration(1.5 * median(times)), nil
}

// taker takes items from the producer.
type taker struct {
	take  func(item int) error
	drain func() error // waits until all that were taken are saved; nil if they are
}

// peer returns a peer whose producer brings items to what open makes.
func (p production) peer(name string, open func(own *owned, dir string) (*taker, error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		dir, err := os.MkdirTemp(p.dir, "items-")
		if err != nil {
			return nil, err
		}
		own.add(func() { os.RemoveAll(dir) })
		t, err := open(own, dir)
		if err != nil {
			return nil, err
		}
		var waits []float64
		return &Work{
			Run: func(n int) (err error) {
				waits, err = p.produce(t, n*p.items)
				return err
			},
			Results:  func() (map[string]*npy.Array, error) { return savedItems(dir) },
			Measures: func() map[string]float64 { return percentiles(waits) },
		}, nil
	})}
}

// produce brings items, and returns how long each has kept the producer.
func (p production) produce(t *taker, items int) ([]float64, error) {
	waits := make([]float64, 0, items)
	next := time.Now()
	for item := range items {
		if p.pace > 0 {
			time.Sleep(time.Until(next))
			next = next.Add(p.pace)
		}
		start := time.Now()
		if err := t.take(item); err != nil {
			return nil, err
		}
		waits = append(waits, float64(time.Since(start)))
	}
	if t.drain != nil {
		return waits, t.drain()
	}
	return waits, nil
}

// itemFile is where an item's result is saved: the files are written again and again.
func itemFile(dir string, item int) string {
	return filepath.Join(dir, fmt.Sprintf("%d.npy", item%(16*itemKinds)))
}

func savedItems(dir string) (map[string]*npy.Array, error) {
	results := map[string]*npy.Array{}
	for i := range itemKinds {
		a, err := npy.ReadFile(itemFile(dir, i))
		if err != nil {
			return nil, err
		}
		results[fmt.Sprintf("item %d", i)] = a
	}
	return results, nil
}

// floor runs each step with nothing but the C API, and saves as the others do.
func (p production) floor(own *owned, dir string) (*taker, error) {
	var plans []*tfc.Plan
	var arrays []*npy.Array
	inline := tfc.Step{Inline: true}
	for _, feeds := range p.inputs {
		newPlan, names, err := Step{Model: p.model, Feeds: feeds}.plans(own)
		if err != nil {
			return nil, err
		}
		plan, err := newPlan()
		if err != nil {
			return nil, err
		}
		landed, err := land(plan, names, inline)
		if err != nil {
			return nil, err
		}
		plans, arrays = append(plans, plan), append(arrays, landed[names[0]])
	}
	return &taker{take: func(item int) error {
		if err := plans[item%itemKinds].Floor(1, inline); err != nil {
			return err
		}
		return npy.WriteFile(itemFile(dir, item), arrays[item%itemKinds])
	}}, nil
}

// inLine lets the producer do all himself.
func (p production) inLine(own *owned, dir string) (*taker, error) {
	m, err := graph.Load(p.model, graph.WithExecutor(graph.Inline))
	if err != nil {
		return nil, err
	}
	own.add(m.Close)
	r, err := m.Runner("")
	if err != nil {
		return nil, err
	}
	own.add(r.Close)
	dst, err := touched(npy.Float32, itemRows, 4)
	if err != nil {
		return nil, err
	}
	if err := r.Into("probs", dst); err != nil {
		return nil, err
	}
	return &taker{take: func(item int) error {
		for name, a := range p.inputs[item%itemKinds] {
			if err := r.Feed(name, a); err != nil {
				return err
			}
		}
		if err := r.Run(context.Background()); err != nil {
			return err
		}
		return npy.WriteFile(itemFile(dir, item), dst)
	}}, nil
}

// pending are items that were taken and are not saved yet.
type pending struct {
	wg  sync.WaitGroup
	err atomic.Pointer[error] // the first that has failed
}

func (p *pending) done(err error) {
	if err != nil {
		p.err.CompareAndSwap(nil, &err)
	}
	p.wg.Done()
}

func (p *pending) drain() error {
	p.wg.Wait()
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (p production) pipeline(workers int) func(own *owned, dir string) (*taker, error) {
	return func(own *owned, dir string) (*taker, error) {
		m, err := graph.Load(p.model)
		if err != nil {
			return nil, err
		}
		own.add(m.Close)
		var waiting pending
		ctx := context.Background()
		line, err := graph.NewPipeline(ctx, m,
			func(item int) (graph.Feeds, error) { return p.inputs[item%itemKinds], nil },
			func(r graph.Result[int]) error {
				err := r.Err
				if err == nil {
					err = npy.WriteFile(itemFile(dir, r.Item), r.Outputs["probs"])
				}
				waiting.done(err)
				return nil
			}, graph.PipelineOptions{Workers: workers})
		if err != nil {
			return nil, err
		}
		own.add(func() { line.Close() }) // its errors are those of the items
		return &taker{
			take: func(item int) error {
				waiting.wg.Add(1)
				err := line.Submit(ctx, item)
				if err != nil {
					waiting.done(err)
				}
				return err
			},
			drain: waiting.drain,
		}, nil
	}
}

// eagerAsync calls the model in an async context, whose calls return before they
// are done; a goroutine waits for the results and saves them.
func (p production) eagerAsync(own *owned, dir string) (*taker, error) {
	m, err := eager.Load(p.model, eager.Async())
	if err != nil {
		return nil, err
	}
	own.add(m.Close)
	c, err := m.Caller("")
	if err != nil {
		return nil, err
	}
	own.add(c.Close)
	var tensors []*eager.Tensor
	for _, feeds := range p.inputs {
		t, err := m.Context().Tensor(feeds["x"])
		if err != nil {
			return nil, err
		}
		own.add(t.Close)
		tensors = append(tensors, t)
	}
	type made struct {
		item  int
		probs *eager.Tensor
	}
	var waiting pending
	queue, ended := make(chan made, 2*asyncWorkers[len(asyncWorkers)-1]), make(chan struct{})
	go func() {
		defer close(ended)
		for t := range queue {
			v, err := t.probs.Value()
			if err == nil {
				err = npy.WriteFile(itemFile(dir, t.item), v)
				v.Release()
			}
			t.probs.Close()
			waiting.done(err)
		}
	}()
	own.add(func() {
		close(queue)
		<-ended
	})
	return &taker{
		take: func(item int) error {
			if err := c.Input("x", tensors[item%itemKinds]); err != nil {
				return err
			}
			out, err := c.Run(context.Background())
			if err != nil {
				return err
			}
			if out["probs"] == nil {
				return errors.New("bench: the model gives no probs")
			}
			waiting.wg.Add(1)
			queue <- made{item, out["probs"]}
			return nil
		},
		drain: waiting.drain,
	}, nil
}

func asyncVerdict(r *Result) (measured, verdict string) {
	line, ok := r.Timed(paced, asyncInLine).Measure(measureP50)
	pipe, ok2 := r.Timed(paced, pipelineName(5)).Measure(measureP50)
	slow, ok3 := r.Timed(paced, pipelineName(5)).Measure(measureP99)
	if !ok || !ok2 || !ok3 {
		return unknown()
	}
	measured = fmt.Sprintf("paced: the producer waits %s for an item in line, %s for a Pipeline (p50), %s (p99)",
		duration(line), duration(pipe), duration(slow))
	return measured, judge(pipe < line/2, fmt.Sprintf("true: %.1f %% less", 100*(1-pipe/line)), "not here")
}

func asyncTotalVerdict(r *Result) (measured, verdict string) {
	ratio, ok := r.Ratio(flatOut, pipelineName(5), flatOut, asyncInLine)
	if !ok {
		return unknown()
	}
	measured = fmt.Sprintf("flat out: a Pipeline of 5 workers takes %s as long as in line", times(ratio))
	if e, ok := r.Ratio(flatOut, asyncEager, flatOut, asyncInLine); ok {
		measured += fmt.Sprintf(", eager async %s", times(e))
	}
	return measured, judge(ratio.High < 1, "true", "not here: the cores are what is short")
}
