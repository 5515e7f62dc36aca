//go:build gpu

package gputest

import (
	"cmp"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"

	"ndflow/cuda"
	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
)

var ctx = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// gpus is a context with GPUs, and their names.
func gpus(t *testing.T) (*eager.Context, []string) {
	t.Helper()
	c, err := eager.New(eager.WithMemoryGrowth())
	must(t, err)
	t.Cleanup(c.Close)
	var names []string
	for _, d := range c.Devices() {
		if d.Type == "GPU" {
			names = append(names, d.String())
		}
	}
	if len(names) == 0 {
		t.Fatalf("TensorFlow sees no GPU: it has %v; ndflow doctor says why", c.Devices())
	}
	return c, names
}

func counted(t *testing.T, rows, columns int) *npy.Array {
	t.Helper()
	v := make([]float32, rows*columns)
	for i := range v {
		v[i] = float32(i)
	}
	a, err := npy.From(v, rows, columns)
	must(t, err)
	return a
}

// TestIntoOnGPU computes 2x on each GPU and lands it everywhere.
func TestIntoOnGPU(t *testing.T) {
	c, names := gpus(t)
	a := counted(t, 1000, 64)
	for _, name := range names {
		host, err := c.Tensor(a)
		must(t, err)
		x, err := host.To(name)
		must(t, err)
		y, err := c.Op("AddV2").Input(x, x).Output()
		must(t, err)
		if on, err := y.Device(); err != nil || on != name {
			t.Errorf("the result is on %s, %v, want %s", on, err, name)
		}
		view, err := y.Buffer()
		must(t, err)
		d := view.Device()
		t.Logf("%s of TensorFlow is %v", name, d)

		stream, err := d.NewStream()
		must(t, err)
		buffer, err := d.NewBuffer(npy.Float32, 1000, 64)
		must(t, err)
		pinned, err := d.NewHostBuffer(npy.Float32, 1000, 64)
		must(t, err)
		array, err := npy.New(npy.Float32, 1000, 64)
		must(t, err)
		for what, dst := range map[string]eager.Target{"buffer": buffer, "pinned": pinned, "array": array} {
			must(t, y.Into(dst))
			wantTwice(t, name+" "+what, dst, a)
			must(t, clearMemory(dst, stream))
			landed, err := y.IntoStream(stream, dst)
			must(t, err)
			must(t, landed.Wait(ctx))
			wantTwice(t, name+" "+what+" on a stream", dst, a)
		}

		// What has landed in the buffer becomes a tensor again, with no copy.
		back, err := c.TensorOnDevice(buffer, stream)
		must(t, err)
		z, err := c.Op("Sub").Input(back, x).Output()
		must(t, err)
		must(t, z.Into(array))
		for i, v := range values(t, array) {
			if v != float32(i) {
				t.Fatalf("%s: 2x-x of %d is %v", name, i, v)
			}
		}
		for _, x := range []*eager.Tensor{host, x, y, back, z} {
			x.Close()
		}
		view.Close()
		buffer.Close()
		pinned.Close()
		stream.Close()
	}
}

// clearMemory makes all elements 0.
func clearMemory(m eager.Target, s *cuda.Stream) error {
	if b, ok := m.(*cuda.Buffer); ok {
		e, err := s.Zero(b)
		if err == nil {
			err = e.Wait(ctx)
		}
		return err
	}
	a, ok := m.(*npy.Array)
	if !ok {
		a = m.(*cuda.HostBuffer).Array
	}
	clear(a.Bytes())
	return nil
}

func values(t *testing.T, m eager.Target) []float32 {
	t.Helper()
	a, err := npy.New(m.DType(), m.Shape()...)
	must(t, err)
	must(t, cuda.Copy(a, m))
	v, err := npy.Values[float32](a)
	must(t, err)
	return v
}

func wantTwice(t *testing.T, name string, m eager.Target, a *npy.Array) {
	t.Helper()
	x, err := npy.Values[float32](a)
	must(t, err)
	for i, v := range values(t, m) {
		if v != 2*x[i] {
			t.Fatalf("%s: element %d is %v, want %v", name, i, v, 2*x[i])
		}
	}
}

// TestModelOnGPU runs a model on each GPU. Its results stay there and are the CPU's.
func TestModelOnGPU(t *testing.T) {
	c, names := gpus(t)
	dir := filepath.Join(cmp.Or(os.Getenv("NDFLOW_TEST_MODELS"), "../../testdata/models"), "mlp")
	run := func(device string) []float32 {
		m, err := eager.Load(dir, eager.In(c), eager.WithDevice(device))
		must(t, err)
		defer m.Close()
		x, err := c.Tensor(counted(t, 32, 16))
		must(t, err)
		defer x.Close()
		out, err := m.Call(ctx, graph.DefaultSignature, map[string]*eager.Tensor{m.Signatures()[0].Inputs[0].Name: x})
		must(t, err)
		for _, y := range out {
			defer y.Close()
			if on, err := y.Device(); err != nil || on != device {
				t.Errorf("the result is on %s, %v, want %s", on, err, device)
			}
			a, err := y.Copy()
			must(t, err)
			return values(t, a)
		}
		t.Fatal("the model has no outputs")
		return nil
	}
	want := run("CPU:0")
	for _, name := range names {
		for i, v := range run(name) {
			if math.Abs(float64(v-want[i])) > 1e-3*(1+math.Abs(float64(want[i]))) {
				t.Fatalf("%s: element %d is %v, on the CPU %v", name, i, v, want[i])
			}
		}
	}
}
