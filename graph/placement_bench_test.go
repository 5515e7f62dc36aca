package graph

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/npy"
	"ndflow/tfc"
)

// BenchmarkPlacement compares, for a result of n bytes of one op, a step that
// places it with one that copies it, with a view, and with a C loop that copies.
func BenchmarkPlacement(b *testing.B) {
	for _, size := range []int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20, 256 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			x, dst := zeros(b, npy.Float32, size/4), zeros(b, npy.Float32, size/4)
			fill(dst)
			placed, copied, view := addTo(b, x, dst, true), addTo(b, x, dst, false), addTo(b, x, nil, true)
			for range 4 { // over the rehearsals
				must(b, placed.Run(bg))
			}
			b.SetBytes(int64(size))
			interleave.Benchmark(b, run(b, "placed", placed), run(b, "copied", copied),
				interleave.Peer{Name: "value", Run: func(n int) {
					for range n {
						must(b, view.Run(bg))
						v, err := view.Value("sum")
						must(b, err)
						v.Release()
					}
				}},
				floor(b, "c", copied, Inline))
			if s := stats(b, placed, "sum"); s.Why != "" {
				b.Fatalf("not placed: %s", s.Why)
			}
		})
	}
}

// addTo is a Runner that adds x to itself, inline.
func addTo(t testing.TB, x, dst *npy.Array, place bool) *Runner {
	r := runner(t, load(t, "add", WithExecutor(Inline), WithPlacement(place)), "")
	must(t, r.Feed("x", x))
	must(t, r.Feed("y", x))
	if dst != nil {
		must(t, r.Into("sum", dst))
	}
	return r
}

// fill touches all of an array's memory, so that no step pays for its pages.
func fill(a *npy.Array) {
	for i := range a.Bytes() {
		a.Bytes()[i] = 1
	}
}

// BenchmarkPluginIdle compares steps that place nothing in two processes, one
// with the plugin and one without.
func BenchmarkPluginIdle(b *testing.B) {
	if model := os.Getenv("NDFLOW_BENCH_STEPS"); model != "" {
		serveSteps(b, model)
		return
	}
	for _, model := range []string{"add", "add4", "mlp", "while", "multi", "shapes"} {
		b.Run(model, func(b *testing.B) {
			interleave.Benchmark(b, steps(b, "without", model, "off"), steps(b, "with", model, ""))
		})
	}
}

// steps starts this test binary again to run steps when it is told to.
func steps(b *testing.B, name, model, placement string) interleave.Peer {
	cmd := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkPluginIdle$", "-test.benchtime=1x")
	cmd.Env = append(os.Environ(), "NDFLOW_BENCH_STEPS="+model, tfc.EnvPlacement+"="+placement)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(b, err)
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() {
		in.Close()
		must(b, cmd.Wait())
	})
	lines := bufio.NewScanner(out)
	return interleave.Peer{Name: name, Run: func(n int) {
		fmt.Fprintln(in, n)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "done ") {
				return
			}
		}
		b.Fatal("the process with the steps has ended")
	}}
}

// serveSteps runs as many steps of a model as each line of stdin says.
func serveSteps(b *testing.B, model string) {
	in, _ := expected(b, model, "")
	r := runner(b, load(b, model, WithExecutor(Inline)), "")
	for name, a := range in {
		must(b, r.Feed(name, a))
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		n, err := strconv.Atoi(lines.Text())
		must(b, err)
		for range n {
			must(b, r.Run(bg))
		}
		fmt.Printf("done %d\n", n)
	}
}
