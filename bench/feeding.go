package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

var _ = register(&Scenario{
	Name:  "feeding",
	Title: "Arrays back to tensors",
	Work: "An array of rows of four float32 is fed to a step on the calling thread that looks at its shape only, so that " +
		"what is left is feeding: arrays that can be used in place (aligned to 64 bytes, or a mapped file), a file that " +
		"is opened and mapped for each step, and arrays of which each step has to make a copy.",
	Unit:   "step",
	XLabel: "bytes of the array",
	Claims: []Claim{
		{Says: "feeding an array costs a copy of it", Verdict: inPlaceVerdict},
		{Says: "feeding nested Go slices costs 100 times a copy", Verdict: feedNestedVerdict},
	},
	Cases: feedingCases,
})

const (
	inPlace = "in place"
	opened  = "opened"
	byCopy  = "by copy"

	feedC         = "C"
	feedAligned   = "aligned array"
	feedFile      = "mapped file"
	feedShifted   = "misaligned array"
	feedSlices    = "nested Go slices"
	feedPyAligned = "Python, aligned array"
	feedPyFile    = "Python, mapped file"
	feedPyShifted = "Python, misaligned array"
	feedPyTensor  = "Python, tf.constant"
	feedPyLists   = "Python, nested lists"
)

// listsMost bounds what Python makes lists of.
const listsMost = 4 << 20

func feedingCases(ctx context.Context, env *Env) ([]Case, error) {
	sizes := []int{4 << 10, 64 << 10, 1 << 20, 4 << 20, 64 << 20, 256 << 20}
	if env.Quick {
		sizes = []int{64 << 10}
	}
	var cases []Case
	for _, bytes := range sizes {
		f, err := newFeeding(env, bytes)
		if err != nil {
			return nil, err
		}
		cases = append(cases, f.inPlace(), f.opened(), f.byCopy())
	}
	return cases, nil
}

// feeding is an array that is fed.
type feeding struct {
	env   *Env
	bytes int
	net   *network // with the aligned array
	path  string   // of a file that has it
	want  *npy.Array
	task  Task
}

func newFeeding(env *Env, bytes int) (*feeding, error) {
	x, err := ramp(bytes/16, 4)
	if err != nil {
		return nil, err
	}
	want, err := npy.From([]int32{int32(bytes / 16), 4})
	if err != nil {
		return nil, err
	}
	f := &feeding{env: env, bytes: bytes, net: oneOp("Shape", 1, x), want: want}
	f.path = filepath.Join(env.Dir, fmt.Sprintf("fed-%d.npy", bytes))
	f.task = Task{Work: "feed", Args: map[string]any{"file": f.path}}
	return f, npy.WriteFile(f.path, x)
}

func (f *feeding) asCase(panel, how string, peers ...Peer) Case {
	task := f.task.With("how", how)
	return Case{
		Name: words(panel, wholeSize(float64(f.bytes))), Panel: panel, X: float64(f.bytes), Floor: feedC, Task: &task,
		Want: map[string]*npy.Array{result: f.want}, Peers: peers,
	}
}

func (f *feeding) python(name, how string) Peer { return f.env.Python(name, f.task.With("how", how)) }

func (f *feeding) inPlace() Case {
	return f.asCase(inPlace, "aligned", f.floor(true),
		f.peer(feedAligned, f.aligned), f.peer(feedFile, f.file),
		f.python(feedPyAligned, "aligned"), f.python(feedPyFile, "file"))
}

func (f *feeding) opened() Case {
	return f.asCase(opened, "open", f.openFloor(), f.peer(feedFile, f.open), f.python(feedPyFile, "open"))
}

func (f *feeding) byCopy() Case {
	peers := []Peer{f.floor(false), f.peer(feedShifted, f.shifted)}
	if f.bytes <= listsMost {
		peers = append(peers, f.peer(feedSlices, f.slices), f.python(feedPyLists, "lists"))
	}
	return f.asCase(byCopy, "misaligned", append(peers,
		f.python(feedPyShifted, "misaligned"), f.python(feedPyTensor, "constant"))...)
}

// floor makes the step's tensor anew each time: over the array, or of a copy.
func (f *feeding) floor(inPlace bool) Peer {
	return f.asFloor(func(plan *tfc.Plan, step tfc.Step) func(n int) error {
		return func(n int) error { return plan.FloorFeed(n, step, inPlace) }
	})
}

// openFloor is that over the array, and a file that is mapped beside it.
func (f *feeding) openFloor() Peer {
	return f.asFloor(func(plan *tfc.Plan, step tfc.Step) func(n int) error {
		return each(func() error {
			in, err := os.Open(f.path)
			if err != nil {
				return err
			}
			defer in.Close()
			info, err := in.Stat()
			if err != nil {
				return err
			}
			mapped, err := syscall.Mmap(int(in.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED)
			if err != nil {
				return err
			}
			defer syscall.Munmap(mapped)
			return plan.FloorFeed(1, step, true)
		})
	})
}

func (f *feeding) asFloor(run func(plan *tfc.Plan, step tfc.Step) func(n int) error) Peer {
	return Peer{Name: feedC, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		newPlan, err := f.net.plans(own, how{executor: graph.Inline})
		if err != nil {
			return nil, err
		}
		plan, err := newPlan()
		if err != nil {
			return nil, err
		}
		step := tfc.Step{Inline: true}
		arrays, err := land(plan, []string{result}, step)
		if err != nil {
			return nil, err
		}
		return &Work{Run: run(plan, step), Results: landed(arrays[result])}, nil
	})}
}

// peer returns a peer of ndflow's; make returns what feeds the Runner.
func (f *feeding) peer(name string, make func(r *graph.Runner) (feed func() error, err error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		_, newRunner, err := f.net.open(own, how{executor: graph.Inline})
		if err != nil {
			return nil, err
		}
		r, err := newRunner()
		if err != nil {
			return nil, err
		}
		w, err := runnerWork(r, nil)
		if err != nil {
			return nil, err
		}
		feed, err := make(r)
		if err != nil {
			return nil, err
		}
		w.Run = each(func() error {
			if err := feed(); err != nil {
				return err
			}
			return r.Run(context.Background())
		})
		return w, nil
	})}
}

// fed is for an array that is fed already.
func fed() error { return nil }

func (f *feeding) aligned(r *graph.Runner) (func() error, error) { return fed, nil }

// file maps the file once.
func (f *feeding) file(r *graph.Runner) (func() error, error) {
	a, err := npy.Open(f.path)
	if err != nil {
		return nil, err
	}
	return fed, r.Feed(inputName(0), a)
}

// open maps the file for each step.
func (f *feeding) open(r *graph.Runner) (func() error, error) {
	var last *npy.Array
	return func() error {
		a, err := npy.Open(f.path)
		if err != nil {
			return err
		}
		if err := r.Feed(inputName(0), a); err != nil {
			return err
		}
		if last != nil {
			last.Release()
		}
		last = a
		return nil
	}, nil
}

// shifted is an array four bytes behind a boundary of 64.
func (f *feeding) shifted(r *graph.Runner) (func() error, error) {
	raw, err := touched(npy.Float32, f.bytes/4+1)
	if err != nil {
		return nil, err
	}
	a, err := raw.Slice(1, raw.Len())
	if err != nil {
		return nil, err
	}
	if a, err = a.Reshape(-1, 4); err != nil {
		return nil, err
	}
	if _, err := a.Land(f.net.feeds[0]); err != nil {
		return nil, err
	}
	return fed, r.Feed(inputName(0), a)
}

// slices are brought to an array for each step, as other bindings do.
func (f *feeding) slices(r *graph.Runner) (func() error, error) {
	rows := nested(f.net.feeds[0])
	return func() error {
		a, err := npy.New(npy.Float32, f.net.feeds[0].Shape()...)
		if err != nil {
			return err
		}
		flat(rows, a)
		return r.Feed(inputName(0), a)
	}, nil
}

func inPlaceVerdict(r *Result) (measured, verdict string) {
	const small, large = inPlace + ", 4 kB", inPlace + ", 256 MB"
	ratio, ok := r.Ratio(large, feedAligned, small, feedAligned)
	copied, ok2 := r.Ratio(byCopy+", 256 MB", feedShifted, large, feedAligned)
	if !ok || !ok2 {
		return unknown()
	}
	measured = fmt.Sprintf("an aligned array: 256 MB take %s as long as 4 kB; a misaligned one of 256 MB takes %s times as long", times(ratio), number(copied.Value))
	return measured, judge(ratio.Value < 2, "not of memory that is aligned, as that of npy.New and of mapped files is", "true here")
}

func feedNestedVerdict(r *Result) (measured, verdict string) {
	const name = byCopy + ", 4 MB"
	ratio, ok := r.Ratio(name, feedSlices, name, feedC)
	if !ok {
		return unknown()
	}
	measured = fmt.Sprintf("4 MB in rows of four: %s as long as C that copies them", times(ratio))
	if python, ok := r.Ratio(name, feedPyLists, name, feedC); ok {
		measured += fmt.Sprintf("; Python's lists %s", times(python))
	}
	return measured, judge(ratio.Value >= 50, "true", judge(ratio.Value > 3, "many times, if not a hundred", "not here"))
}
