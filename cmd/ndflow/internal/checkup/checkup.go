// Package checkup finds out what ndflow has to work with on this machine, and
// what is missing.
package checkup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ndflow/graph"
	"ndflow/tfc"
)

// Report is what was found.
type Report struct {
	Library   Library   `json:"library"`
	SelfCheck string    `json:"self_check"` // "ok", or what went wrong; empty if there is no library
	Devices   []Device  `json:"devices"`
	CPU       CPU       `json:"cpu"`
	GPU       GPU       `json:"gpu"`
	Placement string    `json:"placement"` // how results land in the caller's memory; empty if there is no library
	Memory    string    `json:"memory"`    // which malloc there is, and how it is set
	DemoModel DemoModel `json:"demo_model"`
	Problems  []Problem `json:"problems"`
}

// Library is the TensorFlow library, if there is one.
type Library struct {
	Path    string    `json:"path,omitempty"`
	Version string    `json:"version,omitempty"`
	GPU     bool      `json:"gpu"` // built for NVIDIA's GPUs
	Looked  []Attempt `json:"looked"`
}

// Attempt is a place where the library was looked for.
type Attempt struct {
	Place string `json:"place"`
	Path  string `json:"path"`
	Error string `json:"error,omitempty"` // empty for the one that was loaded
}

// Device is one that TensorFlow runs on.
type Device struct {
	Name   string `json:"name"` // "CPU:0"
	Memory int64  `json:"memory"`
}

// DemoModel is the model of "ndflow demo".
type DemoModel struct {
	Path string `json:"path,omitempty"` // empty if it is not there
}

// Problem is something that is missing or does not work.
type Problem struct {
	What string `json:"what"`
	Mend string `json:"mend,omitempty"` // the command that mends it, or what else does
	// Fatal means that no model can be run.
	Fatal bool `json:"fatal"`
}

// Fatal reports whether no model can be run.
func (r *Report) Fatal() bool {
	for _, p := range r.Problems {
		if p.Fatal {
			return true
		}
	}
	return false
}

func (r *Report) problem(fatal bool, mend, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{What: fmt.Sprintf(format, args...), Mend: mend, Fatal: fatal})
}

// Run looks at everything.
func Run() *Report {
	r := &Report{
		CPU: readCPU(), GPU: readGPU(), Memory: memory(tfc.ReadAllocator()), Devices: []Device{}, Problems: []Problem{},
	}
	if r.CPU.TooOld {
		r.problem(false, "use a machine with AVX, or a TensorFlow built without it",
			"this processor has no AVX, which TensorFlow's own builds need")
	}
	r.library()
	if path, err := DemoModelPath(); err == nil {
		r.DemoModel.Path = path
	} else {
		r.problem(false, "scripts/basic-pitch", "the model of 'ndflow demo' is not there")
	}
	return r
}

// library loads the library and tries it.
func (r *Report) library() {
	lib, err := tfc.Load("")
	var missing *tfc.LoadError
	if errors.As(err, &missing) {
		r.Library.Looked = attempts(missing.Tried)
		mend := "scripts/libtensorflow"
		if os.Getenv(tfc.EnvLibrary) != "" {
			mend = fmt.Sprintf("set %s to a library or its folder; or unset it, and run scripts/libtensorflow", tfc.EnvLibrary)
		}
		r.problem(true, mend, "there is no TensorFlow library that can be loaded")
		return
	}
	if err != nil {
		r.problem(true, "", "%v", err)
		return
	}
	r.Library = Library{Path: lib.Path(), Version: lib.Version(), GPU: lib.CUDA(), Looked: attempts(lib.Tried())}
	r.Placement = placement(lib)
	devices, err := tryOut()
	if err != nil {
		r.SelfCheck = err.Error()
		r.problem(true, "scripts/libtensorflow, or another library", "the TensorFlow library does not work: %v", err)
		return
	}
	r.SelfCheck = "ok"
	used := false
	for _, d := range devices {
		_, name, _ := strings.Cut(d.Name, "/device:")
		r.Devices = append(r.Devices, Device{Name: name, Memory: d.Memory})
		used = used || d.Type == "GPU"
	}
	switch {
	case used || !r.GPU.Present():
	case len(r.GPU.CUDA.Devices) == 0:
		r.problem(false, "install NVIDIA's driver, or give a container the GPU (docker run --gpus all)",
			"there is a GPU, but the driver does not let this process use it: %s", r.GPU.CUDA.Why)
	case lib.CUDA():
		r.problem(false, "run with TF_CPP_MIN_LOG_LEVEL=0, with which TensorFlow says why; scripts/libtensorflow --gpu fetches the CUDA libraries as well",
			"there is a GPU and this TensorFlow is built for it, but does not use it")
	default:
		r.problem(false, fmt.Sprintf("scripts/libtensorflow --gpu, or set %s to a TensorFlow built with CUDA", tfc.EnvLibrary),
			"there is a GPU, but this TensorFlow is not built for it")
	}
}

func placement(lib *tfc.Library) string {
	if on, why := lib.Placement(); !on {
		return "off: results are copied once, since " + why
	}
	return "on: results can be written straight into the caller's memory"
}

func memory(a tfc.Allocator) string {
	switch {
	case a.Glibc == "" && a.File == "":
		return "a malloc of unknown origin, left to itself"
	case a.Glibc == "":
		return "the malloc of " + a.File + ", left to itself"
	case a.Fixed:
		return fmt.Sprintf("glibc %s's malloc with fixed thresholds: %s", a.Glibc, a.Settings)
	}
	s := fmt.Sprintf("glibc %s's malloc with dynamic thresholds; much that is free is given back", a.Glibc)
	if a.Settings != "" {
		s += "; " + a.Settings
	}
	return s
}

func attempts(list []tfc.Attempt) []Attempt {
	looked := make([]Attempt, len(list))
	for i, a := range list {
		looked[i] = Attempt{Place: a.Place, Path: a.Path}
		if a.Err != nil {
			looked[i].Error = a.Err.Error()
		}
	}
	return looked
}

// EnvDemoModel names the environment variable that says where the demo's model is,
// where that is not in the cache.
const EnvDemoModel = "NDFLOW_DEMO_MODEL"

// DemoModelPath returns the folder of the demo's model, which
// scripts/basic-pitch puts into the cache.
func DemoModelPath() (string, error) {
	if dir := os.Getenv(EnvDemoModel); dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "saved_model.pb")); err != nil {
			return "", fmt.Errorf("%s: %w: %w", EnvDemoModel, graph.ErrNoModel, err)
		}
		return dir, nil
	}
	cache, err := tfc.CacheDir()
	if err != nil {
		return "", err
	}
	pattern := filepath.Join(cache, "basic-pitch-*", "nmp")
	found, _ := filepath.Glob(filepath.Join(pattern, "saved_model.pb")) // its only error is a bad pattern
	if len(found) == 0 {
		return "", fmt.Errorf("%w: %s", graph.ErrNoModel, pattern)
	}
	return filepath.Dir(found[len(found)-1]), nil
}
