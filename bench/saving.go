package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"ndflow/eager"
	"ndflow/npy"
)

var _ = register(&Scenario{
	Name:  "saving",
	Title: "Tensors to files, and back",
	Work: "A tensor of random float32 is saved to a file; and a file becomes a tensor all of whose elements an op then " +
		"looks at (their maximum). Files are in the system's cache, and are written anew each time.",
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
	loading  = "loading"
	deflated = "deflated"

	fileWrite   = "write(2)"
	fileRead    = "read(2)"
	fileCreate  = ".npy, Create (mapped)"
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
	sizes, zipped := []int{4 << 10, 256 << 10, 4 << 20, 64 << 20, 256 << 20}, []int{256 << 10, 4 << 20}
	if env.Quick {
		sizes, zipped = []int{256 << 10}, []int{16 << 10}
	}
	var cases []Case
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
	for name, opts := range map[string][]npy.Option{"x.npz": nil, "deflated.npz": {npy.Compress()}} {
		if bytes > 4<<20 && opts != nil {
			continue
		}
		if err := saveNPZ(f.path(name), a, opts...); err != nil {
			return nil, err
		}
	}
	f.task = Task{Args: map[string]any{"array": f.path("x.npy"), "folder": dir}}
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

// save returns a peer that saves a tensor.
func (f *file) save(name string, save func(path string, t *eager.Tensor) error, read func(path string, opts ...npy.Option) (*npy.Array, error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		c, err := eager.New()
		if err != nil {
			return nil, err
		}
		own.add(c.Close)
		t, err := c.Tensor(f.array)
		if err != nil {
			return nil, err
		}
		own.add(t.Close)
		dir, err := os.MkdirTemp(f.dir, "saved-")
		if err != nil {
			return nil, err
		}
		own.add(func() { os.RemoveAll(dir) })
		path := filepath.Join(dir, "saved")
		return &Work{
			Run:      each(func() error { return save(path, t) }),
			Results:  resultIn(func() (*npy.Array, error) { return read(path) }),
			Measures: func() map[string]float64 { return fileSize(path) },
		}, nil
	})}
}

// measureFile is how large a file has become.
const measureFile = "file bytes"

func fileSize(path string) map[string]float64 {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return map[string]float64{measureFile: float64(info.Size())}
}

func saveCreate(path string, t *eager.Tensor) error {
	shape, err := t.Shape()
	if err != nil {
		return err
	}
	f, err := npy.Create(path, npy.Float32, shape...)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := t.Into(f.Array()); err != nil {
		return err
	}
	return f.Close()
}

// viewed calls save with the tensor's own memory.
func viewed(t *eager.Tensor, save func(*npy.Array) error) error {
	v, err := t.Value()
	if err != nil {
		return err
	}
	defer v.Release()
	return save(v)
}

func saveNpy(path string, t *eager.Tensor) error {
	return viewed(t, func(v *npy.Array) error { return npy.WriteFile(path, v) })
}

func saveStored(path string, t *eager.Tensor) error {
	return viewed(t, func(v *npy.Array) error { return saveNPZ(path, v) })
}

func saveDeflated(path string, t *eager.Tensor) error {
	return viewed(t, func(v *npy.Array) error { return saveNPZ(path, v, npy.Compress()) })
}

func saveNPZ(path string, a *npy.Array, opts ...npy.Option) error {
	w, err := npy.CreateNPZ(path, opts...)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.Write("x", a); err != nil {
		return err
	}
	return w.Close()
}

func readNPZ(path string, opts ...npy.Option) (*npy.Array, error) {
	z, err := npy.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return z.Read("x", opts...)
}

// load returns a peer that makes a tensor of a file and looks at all of it.
func (f *file) load(name, file string, read func(path string, opts ...npy.Option) (*npy.Array, error)) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: setup(func(own *owned) (*Work, error) {
		m, err := newMaximum(own)
		if err != nil {
			return nil, err
		}
		path := f.path(file)
		return &Work{
			Run: each(func() error {
				a, err := read(path)
				if err != nil {
					return err
				}
				defer a.Release()
				return m.of(a)
			}),
			Results: landed(m.dst),
		}, nil
	})}
}

// maximum is an op that looks at all elements of a tensor.
type maximum struct {
	c   *eager.Context
	op  *eager.Op
	dst *npy.Array
}

func newMaximum(own *owned) (*maximum, error) {
	c, err := eager.New()
	if err != nil {
		return nil, err
	}
	own.add(c.Close)
	axis, err := eager.FromSlice(c, []int32{0})
	if err != nil {
		return nil, err
	}
	own.add(axis.Close)
	x, err := eager.FromSlice(c, []float32{0})
	if err != nil {
		return nil, err
	}
	own.add(x.Close)
	op := c.Op("Max").Input(x, axis)
	own.add(op.Close)
	dst, err := npy.New(npy.Float32)
	return &maximum{c: c, op: op, dst: dst}, err
}

func (m *maximum) of(a *npy.Array) error {
	t, err := m.c.Tensor(a)
	if err != nil {
		return err
	}
	defer t.Close()
	if err := m.op.SetInput(0, t); err != nil {
		return err
	}
	return m.op.RunInto(m.dst)
}

// writeFloor returns a peer that writes the elements, and nothing else, to a new
// file, which then takes the place of the last one, as with all that ndflow saves.
func (f *file) writeFloor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		path, temp := f.path("floor"), f.path("floor.tmp")
		own.add(func() { os.Remove(path) })
		return &Work{
			Run: each(func() error {
				if err := os.WriteFile(temp, f.array.Bytes(), 0o666); err != nil {
					return err
				}
				return os.Rename(temp, path)
			}),
			Results: resultIn(func() (*npy.Array, error) {
				raw, err := os.ReadFile(path)
				if err != nil {
					return nil, err
				}
				a, err := npy.New(npy.Float32, len(raw)/4)
				if err == nil {
					_, err = binary.Decode(raw, binary.NativeEndian, a.Bytes())
				}
				return a, err
			}),
		}, nil
	})}
}

// readFloor returns a peer that reads the file to memory that is there already, and
// looks at all of it.
func (f *file) readFloor(name string) Peer {
	return Peer{Name: name, Kind: Floor, Setup: setup(func(own *owned) (*Work, error) {
		m, err := newMaximum(own)
		if err != nil {
			return nil, err
		}
		head, err := npy.Stat(f.path("x.npy"))
		if err != nil {
			return nil, err
		}
		a, err := touched(npy.Float32, f.bytes/4)
		if err != nil {
			return nil, err
		}
		return &Work{
			Run: each(func() error {
				in, err := os.Open(f.path("x.npy"))
				if err != nil {
					return err
				}
				defer in.Close()
				if _, err := in.ReadAt(a.Bytes(), head.Offset); err != nil {
					return err
				}
				return m.of(a)
			}),
			Results: landed(m.dst),
		}, nil
	})}
}

func savingVerdict(r *Result) (measured, verdict string) {
	const name = saving + ", 64 MB"
	numpy, ok := r.Ratio(name, filePyNpy, name, fileNpy)
	pickle, ok2 := r.Ratio(name, filePickle, name, fileNpy)
	floor, ok3 := r.Ratio(name, fileNpy, name, fileWrite)
	if !ok || !ok2 || !ok3 {
		return unknown()
	}
	measured = fmt.Sprintf("64 MB, against WriteFile: NumPy %s, pickle %s; WriteFile against write(2): %s", times(numpy), times(pickle), times(floor))
	return measured, judge(min(numpy.High, pickle.High) < 1, "true", "not here: all are as fast as the system writes, or slower")
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
