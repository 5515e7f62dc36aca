package eager

import (
	"os"
	"testing"

	"ndflow/internal/memory"
	"ndflow/npy"
	"ndflow/tfc"
)

// level fails where steps leave something over: bytes that tfc weighs, which is exact, or
// memory that grows without end; see [memory.Plateau]. What malloc keeps is given back
// before memory is looked at, where that can be done.
func level(t *testing.T, n, slack int, step func()) {
	t.Helper()
	settle := func() {
		tfc.InUse(zeros(t, npy.Float32, 1)) // dropped tensors let arrays go
		tfc.Trim()
	}
	settle()
	memory.Level(t, "weighed bytes", tfc.Weighed, tfc.Weighed()) // collects
	weighed := tfc.Weighed()
	memory.Plateau(t, n, slack, settle, step)
	memory.Level(t, "weighed bytes", tfc.Weighed, weighed)
}

// Tensors that are made and dropped without Close are given back: 10,000 of 4 MB
// of the caller's memory, of results, and of views.
func TestDroppedTensorsAreGivenBack(t *testing.T) {
	c := newContext(t)
	// What malloc keeps of freed memory, and a pool of TensorFlow's, may differ by slack.
	const elements, slack = 1 << 20, 512 << 20
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
		t.Run(name, func(t *testing.T) { level(t, n, slack, drop) })
	}
}

// Small tensors are many: 10,000 and more of them must not pile up either.
func TestSmallDroppedTensors(t *testing.T) {
	c := newContext(t)
	n := 25_000
	if testing.Short() { // also under the race detector, which keeps something for each
		n = 6_000
	}
	level(t, n, 12<<20, func() { // each takes 1 kB and more
		x, err := Scalar(c, float32(1))
		must(t, err)
		_, err = c.Op("Neg").Input(x).Run()
		must(t, err)
	})
}
