package checkup

import (
	"bufio"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
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
	Driver  string   `json:"driver,omitempty"`  // the version, "550.54.14"
	Devices []string `json:"devices,omitempty"` // "/dev/nvidia0"
}

// Present reports whether there is a GPU to use.
func (g GPU) Present() bool { return g.Driver != "" && len(g.Devices) > 0 }

func readGPU() GPU {
	var g GPU
	g.Devices, _ = filepath.Glob("/dev/nvidia[0-9]*") // its only error is a bad pattern
	if raw, err := os.ReadFile("/proc/driver/nvidia/version"); err == nil {
		g.Driver = driverVersion(string(raw))
	}
	return g
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
