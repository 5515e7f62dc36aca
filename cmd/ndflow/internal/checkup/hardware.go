package checkup

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
	"ndflow/cuda"
	"ndflow/internal/threads"
)

// CPU is the processor, with what matters to TensorFlow's speed.
type CPU struct {
	Name     string   `json:"name"`
	Cores    int      `json:"cores"`  // that this process may run on
	Usable   int      `json:"usable"` // that it can keep busy: fewer where GOMAXPROCS or a container's quota says so
	Features []string `json:"features"`
	Missing  []string `json:"missing"` // that TensorFlow would use
	TooOld   bool     `json:"too_old"` // for TensorFlow's own builds
}

func readCPU() CPU {
	c := CPU{Name: cpuName(), Cores: runtime.NumCPU(), Usable: threads.Usable(), Features: []string{}, Missing: []string{}}
	for _, f := range features() {
		if f.has {
			c.Features = append(c.Features, f.name)
		} else {
			c.Missing = append(c.Missing, f.name)
		}
	}
	c.TooOld = runtime.GOARCH == "amd64" && !cpu.X86.HasAVX
	return c
}

type feature struct {
	name string
	has  bool
}

// features are those that TensorFlow or oneDNN in it have kernels for.
func features() []feature {
	switch runtime.GOARCH {
	case "amd64":
		x := &cpu.X86
		return []feature{
			{"AVX", x.HasAVX}, {"AVX2", x.HasAVX2}, {"FMA", x.HasFMA}, {"AVX512F", x.HasAVX512F},
			{"AVX512_VNNI", x.HasAVX512VNNI}, {"AVX512_BF16", x.HasAVX512BF16},
			{"AMX_INT8", x.HasAMXInt8}, {"AMX_BF16", x.HasAMXBF16},
		}
	case "arm64":
		a := &cpu.ARM64
		return []feature{{"ASIMD", a.HasASIMD}, {"FP16", a.HasFPHP}, {"DOTPROD", a.HasASIMDDP}, {"SVE", a.HasSVE}, {"I8MM", a.HasI8MM}}
	}
	return nil
}

// cpuName reads what the system calls the processor, if it says.
func cpuName() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// GPU is what the system has of NVIDIA's.
type GPU struct {
	Kernel string   `json:"kernel_driver,omitempty"` // the version of the kernel's module, "550.54.14"
	Files  []string `json:"files,omitempty"`         // "/dev/nvidia0"
	CUDA   CUDA     `json:"cuda"`
}

// CUDA is what the driver's library says.
type CUDA struct {
	Library string       `json:"library,omitempty"` // its file
	Version string       `json:"version,omitempty"` // the newest CUDA that it is for, "12.4"
	Devices []CUDADevice `json:"devices,omitempty"`
	Why     string       `json:"why,omitempty"` // why CUDA cannot be used; empty if it can
}

// CUDADevice is a GPU as the driver sees it.
type CUDADevice struct {
	Name       string `json:"name"`
	Capability string `json:"capability"`
	Memory     int64  `json:"memory"`
	Free       int64  `json:"free"`
}

// Present reports whether the system shows a GPU, in whatever state.
func (g GPU) Present() bool { return g.Kernel != "" || len(g.Files) > 0 || len(g.CUDA.Devices) > 0 }

func readGPU() GPU {
	g := GPU{CUDA: readCUDA()}
	g.Files, _ = filepath.Glob("/dev/nvidia[0-9]*") // its only error is a bad pattern
	if raw, err := os.ReadFile("/proc/driver/nvidia/version"); err == nil {
		g.Kernel = driverVersion(string(raw))
	}
	return g
}

// readCUDA asks the driver's library, where there is one.
func readCUDA() CUDA {
	var c CUDA
	lib, err := cuda.Load("")
	if err != nil {
		c.Why = "there is no driver's library that can be loaded: " + short(err)
		return c
	}
	c.Library = lib.Path()
	if major, minor := lib.DriverVersion(); major > 0 {
		c.Version = fmt.Sprintf("%d.%d", major, minor)
	}
	if err := cuda.Available(); err != nil {
		c.Why = short(err)
		return c
	}
	n, err := cuda.DeviceCount()
	for i := 0; i < n && err == nil; i++ {
		var d CUDADevice
		if d, err = readDevice(i); err == nil {
			c.Devices = append(c.Devices, d)
		}
	}
	if err != nil {
		c.Why = short(err)
	}
	return c
}

func readDevice(ordinal int) (CUDADevice, error) {
	d, err := cuda.Open(ordinal)
	if err != nil {
		return CUDADevice{}, err
	}
	defer d.Close()
	free, total, err := d.Memory()
	if err != nil {
		return CUDADevice{}, err
	}
	major, minor := d.Capability()
	return CUDADevice{Name: d.Name(), Capability: fmt.Sprintf("%d.%d", major, minor), Memory: total, Free: free}, nil
}

// short is an error in one line.
func short(err error) string {
	var load *cuda.LoadError
	if errors.As(err, &load) && len(load.Tried) > 0 {
		last := load.Tried[len(load.Tried)-1]
		return strings.TrimPrefix(last.Err.Error(), last.Path+": ") + " (" + last.Path + ")"
	}
	return strings.ReplaceAll(strings.TrimPrefix(err.Error(), "cuda: "), "\n", " ")
}

// driverVersion finds the version in the driver's own lines, the first of
// which is "NVRM version: NVIDIA ... Kernel Module  550.54.14  Thu Feb ...".
func driverVersion(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	for _, word := range strings.Fields(line) {
		if word[0] >= '0' && word[0] <= '9' && strings.Contains(word, ".") {
			return word
		}
	}
	return "of unknown version"
}
