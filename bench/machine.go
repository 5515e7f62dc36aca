package bench

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"ndflow/tfc"
)

// Machine is what the figures are of.
type Machine struct {
	CPU       string   `json:"cpu"`
	Arch      string   `json:"arch"`
	Cores     int      `json:"cores"`  // that this process may use
	Memory    int64    `json:"memory"` // bytes
	Caches    []string `json:"caches"` // "L2 1024K", of one core
	Kernel    string   `json:"kernel"`
	Go        string   `json:"go"`
	Library   Library  `json:"library"`
	Placement string   `json:"placement"` // "on", or why it is off
}

// Library is TensorFlow's, as ndflow has loaded it.
type Library struct {
	Version string            `json:"version"`
	Size    int64             `json:"size"` // of its file, which tells builds of a version apart
	Path    string            `json:"path"`
	Env     map[string]string `json:"env,omitempty"` // settings that are set and make it another build, or nearly
}

// librarySettings are variables that change how fast the library is.
var librarySettings = []string{
	"TF_ENABLE_ONEDNN_OPTS", "TF_CPU_ALLOCATOR_USE_BFC", "TF_NUM_INTEROP_THREADS", "TF_NUM_INTRAOP_THREADS",
	"TF_XLA_FLAGS", "XLA_FLAGS", "OMP_NUM_THREADS",
}

func readMachine() (Machine, error) {
	m := Machine{
		CPU: cpuName(), Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Memory: memory(), Caches: caches(),
		Go: runtime.Version(),
	}
	m.Kernel, _, _ = strings.Cut(oneLine("/proc/sys/kernel/osrelease"), "-") // the rest is a distribution's
	lib, err := tfc.Load("")
	if err != nil {
		return m, err
	}
	m.Library = Library{Version: lib.Version(), Path: lib.Path()}
	if info, err := os.Stat(lib.Path()); err == nil {
		m.Library.Size = info.Size()
	}
	for _, name := range librarySettings {
		if v, ok := os.LookupEnv(name); ok {
			if m.Library.Env == nil {
				m.Library.Env = map[string]string{}
			}
			m.Library.Env[name] = v
		}
	}
	m.Placement = "on"
	if on, why := lib.Placement(); !on {
		m.Placement = "off: " + why
	}
	return m, nil
}

// check returns an error that is ErrOtherMachine where times of m and of the
// baseline's machine cannot be compared.
func (m *Machine) check(baseline *Machine) error {
	if d := m.differs(baseline); d != "" {
		return fmt.Errorf("bench: %w: here %s", ErrOtherMachine, d)
	}
	return nil
}

func (m *Machine) differs(other *Machine) string {
	var list []string
	note := func(what string, have, want any) {
		if fmt.Sprint(have) != fmt.Sprint(want) {
			list = append(list, fmt.Sprintf("%s %v, not %v", what, have, want))
		}
	}
	note("CPU", m.CPU, other.CPU)
	note("architecture", m.Arch, other.Arch)
	note("cores", m.Cores, other.Cores)
	note("caches", m.Caches, other.Caches)
	// A kernel keeps a little of the memory for itself, not always the same.
	if d := m.Memory - other.Memory; max(d, -d) > m.Memory/20 {
		note("memory", size(float64(m.Memory)), size(float64(other.Memory)))
	}
	return strings.Join(list, "; ")
}

// cpuName reads what the system calls the processor, if it says.
func cpuName() string {
	if name := field("/proc/cpuinfo", "model name"); name != "" {
		return name
	}
	return runtime.GOARCH
}

func memory() int64 {
	kB, _ := strconv.ParseInt(strings.TrimSuffix(field("/proc/meminfo", "MemTotal"), " kB"), 10, 64)
	return kB << 10
}

// caches lists those of the first core that hold data.
func caches() []string {
	dirs, _ := filepath.Glob("/sys/devices/system/cpu/cpu0/cache/index*") // its only error is a bad pattern
	var list []string
	for _, d := range dirs {
		if oneLine(filepath.Join(d, "type")) != "Instruction" {
			list = append(list, fmt.Sprintf("L%s %s", oneLine(filepath.Join(d, "level")), oneLine(filepath.Join(d, "size"))))
		}
	}
	return list
}

// oneLine is what a file of the kernel's says; empty if there is none.
func oneLine(path string) string {
	raw, _ := os.ReadFile(path)
	return strings.TrimSpace(string(raw))
}

// field finds "NAME: VALUE" in a file of the kernel's; empty if it is not there.
func field(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
