package graph

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/npy"
)

// BenchmarkBasicPitch compares steps of a published model, with 3 outputs of
// 0.3 MB in all for each window of audio: the results placed, copied, or left
// where TensorFlow has put them ("none"), which says what bringing them out
// costs. "python" is Session.run of Python's TensorFlow on the same model, and
// "python-none" the same without fetching the results; only their difference
// says something, since the session's threads are used in another way.
func BenchmarkBasicPitch(b *testing.B) {
	model := script(b, "basic-pitch")
	python := startPython(b, model)
	for _, batch := range []int{1, 8} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			r := func(place, land bool) *Runner {
				m, err := Load(model, WithExecutor(Inline), WithPlacement(place))
				must(b, err)
				b.Cleanup(m.Close)
				r := runner(b, m, "")
				in := r.Inputs()[0]
				must(b, r.Feed(in.Name, zeros(b, npy.Float32, batch, in.Shape[1], in.Shape[2])))
				must(b, r.Run(bg))
				for _, out := range r.Outputs() {
					if land {
						shape, err := r.Shape(out.Name)
						must(b, err)
						dst := zeros(b, out.DType, shape...)
						fill(dst)
						must(b, r.Into(out.Name, dst))
					}
				}
				for range 4 { // over the rehearsals
					must(b, r.Run(bg))
				}
				return r
			}
			placed := r(true, true)
			interleave.Benchmark(b, run(b, "placed", placed),
				run(b, "copied", r(false, true)),
				run(b, "none", r(false, false)),
				python("python", batch, true),
				python("python-none", batch, false))
			for _, out := range placed.Outputs() {
				if s := stats(b, placed, out.Name); s.Why != "" {
					b.Fatalf("output %q is not placed: %s", out.Name, s.Why)
				}
			}
		})
	}
}

// script runs one of the project's scripts and returns what it prints.
func script(b *testing.B, name string, args ...string) string {
	b.Helper()
	cmd := exec.Command("../scripts/"+name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("scripts/%s: %v", name, err)
	}
	return strings.TrimSpace(string(out))
}

// sessionRuns reads lines "BATCH FETCH N" and runs so many steps for each.
const sessionRuns = `
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf
v1 = tf.compat.v1
session = v1.Session(graph=tf.Graph())
with session.graph.as_default():
    signature = v1.saved_model.load(session, ["serve"], sys.argv[1]).signature_def["serving_default"]
(x,), out = signature.inputs.values(), [o.name for o in signature.outputs.values()]
shape = [d.size for d in x.tensor_shape.dim[1:]]
run = {}
print("ready", flush=True)
for line in sys.stdin:
    batch, fetch, n = map(int, line.split())
    if batch not in run:
        run[batch] = np.zeros([batch] + shape, np.float32)
    what = out if fetch else [session.graph.get_tensor_by_name(o).op for o in out]
    for _ in range(n):
        session.run(what, {x.name: run[batch]})
    print("done", flush=True)
`

// startPython starts Python's TensorFlow on the model, which makes peers of it.
func startPython(b *testing.B, model string) func(name string, batch int, fetch bool) interleave.Peer {
	b.Helper()
	cmd := exec.Command(script(b, "python", "--tensorflow"), "-c", sessionRuns, model)
	cmd.Stderr = io.Discard
	in, err := cmd.StdinPipe()
	must(b, err)
	pipe, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	out := bufio.NewReader(pipe)
	answer := func(want string) {
		if line, err := out.ReadString('\n'); err != nil || line != want+"\n" {
			b.Fatalf("python said %q, %v, want %q", line, err, want)
		}
	}
	answer("ready")
	return func(name string, batch int, fetch bool) interleave.Peer {
		flag := 0
		if fetch {
			flag = 1
		}
		return interleave.Peer{Name: name, Run: func(n int) {
			_, err := fmt.Fprintln(in, batch, flag, n)
			must(b, err)
			answer("done")
		}}
	}
}
