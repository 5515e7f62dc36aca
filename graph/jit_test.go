package graph

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/npy"
)

// envJIT makes TestJIT run a model with or without JIT.
const envJIT = "NDFLOW_TEST_JIT"

func TestJIT(t *testing.T) {
	var opts []Option
	if os.Getenv(envJIT) != "off" {
		opts = append(opts, JIT())
	}
	m := load(t, "mlp", opts...)
	sig, err := m.Signature("")
	must(t, err)
	x := zeros(t, npy.Float32, 3, sig.Inputs[0].Shape[1])
	for i, v := range values[float32](t, x) {
		values[float32](t, x)[i] = v + float32(i%7)/7
	}
	got, err := m.Run(bg, Feeds{sig.Inputs[0].Name: x})
	must(t, err)
	want, err := load(t, "mlp").Run(bg, Feeds{sig.Inputs[0].Name: x})
	must(t, err)
	for name, w := range want {
		if err := arraytest.Near(got[name], w); err != nil {
			t.Errorf("with JIT: output %q: %v", name, err)
		}
	}
}

// XLA says once in a process that it has compiled something, on stderr.
func TestJITCompiles(t *testing.T) {
	for on, want := range map[string]bool{"on": true, "off": false} {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestJIT$")
		cmd.Env = append(os.Environ(), envJIT+"="+on, "TF_CPP_MIN_LOG_LEVEL=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("JIT %s: %v\n%s", on, err, out)
		}
		if got := strings.Contains(string(out), "Compiled cluster using XLA"); got != want {
			t.Errorf("JIT %s: compiled is %v:\n%s", on, got, out)
		}
	}
}
