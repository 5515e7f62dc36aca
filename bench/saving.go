package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ndflow/npy"
)

var _ = register(&Scenario{
	Name:  "saving",
	Title: "Tensors to files, and back",
	Work: "A tensor of random float32 is saved to a file; an op makes a tensor (the negative of one), which is saved; and a " +
		"file becomes a tensor all of whose elements an op then looks at (their maximum). Files are in the system's cache, " +
		"and are written anew each time.",
	Unit:   "file",
	XLabel: "bytes of the tensor",
	Claims: []Claim{
		{Says: "arrays are saved fastest by NumPy, or by pickle protocol 5", Verdict: savingVerdict},
		{Says: "compressed archives are worth their time", Verdict: deflateVerdict},
	},
	Cases: savingCases,
})

const (
	saving   = "saving"
	landing  = "an op and saving"
	loading  = "loading"
	deflated = "deflated"

	fileWrite   = "fallocate(2), write(2)"
	fileRead    = "read(2)"
	fileCreate  = ".npy, Create (mapped)"
	fileLand    = ".npy, Create, landed"
	fileNpy     = ".npy, WriteFile"
	fileNpz     = ".npz, stored"
	fileDeflate = ".npz, deflated"
	fileOpen    = ".npy, Open (mapped)"
	fileReadNpy = ".npy, ReadFile"
	fileReadNpz = ".npz, Read"
	filePyNpy   = "Python, .npy"
	filePyMap   = "Python, .npy, mapped"
	filePyNpz   = "Python, .npz"
	filePyZip   = "Python, .npz, deflated"
	filePickle  = "Python, pickle 5"
)

func savingCases(ctx context.Context, env *Env) ([]Case, error) {
	sizes, zipped := []int{4 << 10, 256 << 10, 4 << 20, 64 << 20, 256 << 20}, []int{256 << 10, 4 << 20, 64 << 20}
	large := []int{64 << 20, 1 << 30}
	if env.Quick {
		sizes, zipped, large = []int{256 << 10}, []int{16 << 10}, []int{256 << 10}
	}
	var cases []Case
	for _, bytes := range large {
		f, err := newFile(env, bytes)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(sizes, bytes) {
			cases = append(cases, f.saving())
		}
		landed, err := f.landing()
		if err != nil {
			return nil, err
		}
		cases = append(cases, landed)
	}
	for _, bytes := range sizes {
		f, err := newFile(env, bytes)
		if err != nil {
			return nil, err
		}
		cases = append(cases, f.saving(), f.loading())
	}
	for _, bytes := range zipped {
		f, err := newFile(env, bytes)
		if err != nil {
			return nil, err
		}
		cases = append(cases, f.deflated()...)
	}
	return cases, nil
}

// file is an array that is saved, and the files that hold it already.
type file struct {
	env   *Env
	bytes int
	array *npy.Array
	most  *npy.Array // its maximum
	dir   string
	saved int // peers that save to a file
	task  Task
}

func newFile(env *Env, bytes int) (*file, error) {
	a, err := npy.New(npy.Float32, bytes/4)
	if err != nil {
		return nil, err
	}
	v, err := npy.Values[float32](a)
	if err != nil {
		return nil, err
	}
	random, most := rand.New(rand.NewPCG(1, 2)), float32(math.Inf(-1))
	for i := range v {
		v[i] = float32(random.NormFloat64())
		most = max(most, v[i])
	}
	dir, err := os.MkdirTemp(env.Dir, "files-")
	if err != nil {
		return nil, err
	}
	f := &file{env: env, bytes: bytes, array: a, most: npy.Scalar(most), dir: dir}
	// What is loaded is what ndflow has saved, by all peers.
	if err := npy.WriteFile(f.path("x.npy"), a); err != nil {
		return nil, err
	}
	f.task = Task{Args: map[string]any{"array": f.path("x.npy"), "folder": dir}}
	if bytes > 256<<20 {
		return f, nil // is saved only
	}
	for name, opts := range map[string][]npy.Option{"x.npz": nil, "deflated.npz": {npy.Compress()}} {
		if bytes > 64<<20 && opts != nil {
			continue
		}
		if err := saveNPZ(f.path(name), a, opts...); err != nil {
			return nil, err
		}
	}
	return f, nil
}

func (f *file) path(name string) string { return filepath.Join(f.dir, name) }

func (f *file) asCase(panel string, floor string, task Task, want *npy.Array, peers ...Peer) Case {
	return Case{
		Name: words(panel, wholeSize(float64(f.bytes))), Panel: panel, X: float64(f.bytes), Floor: floor, Task: &task,
		Want: map[string]*npy.Array{result: want}, Peers: peers,
	}
}

// python returns a peer that saves or loads in a way.
func (f *file) python(name, work, how string) Peer {
	t := f.task.With("how", how)
	t.Work = work
	return f.env.Python(name, t)
}

func (f *file) saving() Case {
	task := f.task.With("how", "npy")
	task.Work = "save"
	return f.asCase(saving, fileWrite, task, f.array,
		f.writeFloor(fileWrite),
		f.save(fileCreate, saveCreate, npy.ReadFile), f.save(fileNpy, saveNpy, npy.ReadFile), f.save(fileNpz, saveStored, readNPZ),
		f.python(filePyNpy, "save", "npy"), f.python(filePyNpz, "save", "npz"), f.python(filePickle, "save", "pickle"))
}

// landing is saving what an op makes just then: it can be written where it is saved.
func (f *file) landing() (Case, error) {
	want, err := f.negative()
	if err != nil {
		return Case{}, err
	}
	task := f.task.With("how", "npy")
	task.Work = "negate"
	return f.asCase(landing, fileWrite, task, want,
		f.landFloor(fileWrite),
		f.land(fileLand), f.landWriteFile(fileNpy),
		f.python(filePyNpy, "negate", "npy"), f.python(filePyNpz, "negate", "npz"), f.python(filePickle, "negate", "pickle")), nil
}

func (f *file) loading() Case {
	task := f.task.With("how", "npy")
	task.Work = "load"
	return f.asCase(loading, fileRead, task, f.most,
		f.readFloor(fileRead),
		f.load(fileOpen, "x.npy", npy.Open), f.load(fileReadNpy, "x.npy", npy.ReadFile), f.load(fileReadNpz, "x.npz", readNPZ),
		f.python(filePyNpy, "load", "npy"), f.python(filePyMap, "load", "mapped"),
		f.python(filePyNpz, "load", "npz"), f.python(filePickle, "load", "pickle"))
}

func (f *file) deflated() []Case {
	save, load := f.task.With("how", "deflated"), f.task.With("how", "deflated")
	save.Work, load.Work = "save", "load"
	return []Case{
		f.asCase(words(saving, deflated), fileDeflate, save, f.array,
			f.save(fileDeflate, saveDeflated, readNPZ), f.python(filePyZip, "save", "deflated")),
		f.asCase(words(loading, deflated), fileDeflate, load, f.most,
			f.load(fileDeflate, "deflated.npz", readNPZ), f.python(filePyZip, "load", "deflated")),
	}
}

func savingVerdict(r *Result) (measured, verdict string) {
	name := saving + ", 1 GB"
	if r.Timed(name, fileNpy) == nil {
		name = saving + ", 64 MB"
	}
	numpy, ok := r.Ratio(name, filePyNpy, name, fileNpy)
	pickle, ok2 := r.Ratio(name, filePickle, name, fileNpy)
	floor, ok3 := r.Ratio(name, fileNpy, name, fileWrite)
	if !ok || !ok2 || !ok3 {
		return unknown()
	}
	measured = fmt.Sprintf("%s, against WriteFile: NumPy %s, pickle %s; WriteFile against write(2) alone: %s",
		strings.TrimPrefix(name, saving+", "), times(numpy), times(pickle), times(floor))
	return measured, judge(min(numpy.High, pickle.High) < 1, "true", "not here")
}

func deflateVerdict(r *Result) (measured, verdict string) {
	name := words(saving, deflated, "4 MB")
	zip, stored := r.Timed(name, fileDeflate), r.Timed(saving+", 4 MB", fileNpz)
	small, ok := zip.Measure(measureFile)
	large, ok2 := stored.Measure(measureFile)
	if !ok || !ok2 {
		return unknown()
	}
	longer, smaller := zip.Median/stored.Median, 100*(1-small/large)
	measured = fmt.Sprintf("4 MB of random float32: deflated is %.0f %% smaller and takes %s times as long as stored", smaller, number(longer))
	if python, ok := r.Ratio(name, filePyZip, name, fileDeflate); ok {
		measured += fmt.Sprintf("; NumPy's takes %s as long as ndflow's", times(python))
	}
	return measured, judge(smaller > 50, "true of these", "not for floats like these")
}
