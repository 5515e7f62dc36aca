package eager

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/tfc"
)

// rss is the resident memory of the process in bytes, after a collection.
func rss(t testing.TB) int {
	t.Helper()
	for range 3 { // dropped tensors let arrays go, which the next collection finds
		runtime.GC()
		tfc.InUse(zeros(t, npy.Float32, 1))
	}
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	must(t, err)
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kb int
	_, err = fmt.Sscan(rest, &kb)
	must(t, err)
	return kb << 10
}

// Tensors that are made and dropped without Close are given back: 10,000 of 4 MB
// of the caller's memory, of results, and of views.
func TestDroppedTensorsAreGivenBack(t *testing.T) {
	c := newContext(t)
	const elements, most = 1 << 20, 600 << 20
	n := 2000
	if os.Getenv("NDFLOW_SOAK") != "" {
		n = 10_000
	}
	x := tensor(t, c, make([]float32, elements))
	one := scalar(t, c, float32(1))
	for name, drop := range map[string]func(){
		"of arrays": func() {
			_, err := c.Tensor(zeros(t, npy.Float32, elements))
			must(t, err)
		},
		"of ops": func() {
			_, err := c.Op("AddV2").Input(x, one).Output()
			must(t, err)
		},
		"views": func() {
			y, err := c.Op("AddV2").Input(x, one).Output()
			must(t, err)
			_, err = y.Value()
			must(t, err)
		},
	} {
		for range 200 {
			drop()
		}
		before := rss(t)
		peak := 0
		for i := range n {
			drop()
			if i%500 == 0 {
				peak = max(peak, current(t))
			}
		}
		after := rss(t)
		if peak-before > 2*most || after-before > 128<<20 {
			t.Errorf("%s: %d MB before, up to %d, %d after", name, before>>20, peak>>20, after>>20)
		}
	}
}

// current is the resident memory, as it is.
func current(t testing.TB) int {
	t.Helper()
	var pages, resident int
	b, err := os.ReadFile("/proc/self/statm")
	must(t, err)
	_, err = fmt.Sscan(string(b), &pages, &resident)
	must(t, err)
	return resident * os.Getpagesize()
}

// Small tensors are many: 10,000 and more of them must not pile up either.
func TestSmallDroppedTensors(t *testing.T) {
	c := newContext(t)
	drop := func() {
		x, err := Scalar(c, float32(1))
		must(t, err)
		_, err = c.Op("Neg").Input(x).Run()
		must(t, err)
	}
	for range 5000 {
		drop()
	}
	before := rss(t)
	for range 20_000 {
		drop()
	}
	if after := rss(t); after-before > 32<<20 {
		t.Errorf("%d MB before, %d after", before>>20, after>>20)
	}
}
