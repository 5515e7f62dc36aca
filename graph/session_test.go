package graph

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
)

func frozenSession(t *testing.T) *Session {
	t.Helper()
	g, err := Read(filepath.Join(fixture("frozen"), "frozen.pb"))
	must(t, err)
	s, err := NewSession(g)
	must(t, err)
	t.Cleanup(func() {
		s.Close()
		g.Close()
	})
	return s
}

func TestSessionRun(t *testing.T) {
	s := frozenSession(t)
	in, want := expected(t, "frozen", "")
	feeds := Feeds{"x:0": in["x"], "y": in["y"]}
	fetches := []string{"z:0", "product", "half:0", "half:1", "z:0"}
	for range 3 {
		out, err := s.Run(bg, feeds, fetches, []string{"w"})
		must(t, err)
		for i, name := range []string{"z", "product", "half_0", "half_1", "z"} {
			checkStored(t, "Session.Run", fetches[i], out[i], want[name], in)
		}
	}
	out, err := s.Run(bg, feeds, nil, []string{"z"})
	must(t, err)
	if len(out) != 0 {
		t.Errorf("a step with targets only gives %d results", len(out))
	}
	_, err = s.Run(bg, feeds, nil, nil)
	wantError(t, err, nil, "nothing to run")
}

func TestEval(t *testing.T) {
	s := frozenSession(t)
	in, want := expected(t, "frozen", "")
	w, err := s.Eval(bg, "w:0")
	must(t, err)
	if !slices.Equal(w.Shape(), []int{4, 4}) {
		t.Errorf("w is %v", w.Shape())
	}
	z, err := s.Eval(bg, "z", Feeds{"x": in["x"]}, Feeds{"y": in["y"]})
	must(t, err)
	checkStored(t, "Eval", "z", z, want["z"], in)
	// A tensor that is fed can be asked for, too.
	x, err := s.Eval(bg, "x:0", Feeds{"x:0": in["x"]})
	must(t, err)
	check(t, "Eval", "x", x, in["x"])
}

func TestGraphInputsAndOutputs(t *testing.T) {
	s := frozenSession(t)
	inputs, err := s.Graph().Inputs()
	must(t, err)
	if got := names(inputs); !slices.Equal(got, []string{"x:0", "y:0"}) {
		t.Errorf("inputs are %v", got)
	}
	if got := inputs[0].String(); got != "float32 [-1 4]" {
		t.Errorf("x is %s", got)
	}
	outputs, err := s.Graph().Outputs()
	must(t, err)
	if got := names(outputs); !slices.Contains(got, "half:0") || !slices.Contains(got, "half:1") || slices.Contains(got, "product:0") {
		t.Errorf("outputs are %v", got)
	}
}

// What is added to a graph after its session was made can be run.
func TestGraphGrowsUnderSession(t *testing.T) {
	s := frozenSession(t)
	_, err := s.Eval(bg, "w:0")
	must(t, err)
	var more graphDef
	more.node("again", "Placeholder", nil, map[string]uint64{"dtype": dtFloat})
	more.node("twice", "AddV2", []string{"again", "again"}, map[string]uint64{"T": dtFloat})
	must(t, s.Graph().Import(more, "late"))
	twice, err := s.Eval(bg, "late/twice", Feeds{"late/again": npy.Scalar[float32](21)})
	must(t, err)
	if got := values[float32](t, twice)[0]; got != 42 {
		t.Errorf("twice 21 is %v", got)
	}
}

func TestDevices(t *testing.T) {
	devices, err := frozenSession(t).Devices()
	must(t, err)
	if len(devices) == 0 || devices[0].Type != "CPU" {
		t.Errorf("devices are %v", devices)
	}
}

func TestWithDevice(t *testing.T) {
	load(t, "mlp", WithDevice("cpu"))
	s, err := NewSession(frozenSession(t).Graph(), WithDevice("CPU:0"), WithMemoryGrowth())
	must(t, err)
	s.Close()
	for name, want := range map[string]string{
		"GPU:7":  `graph: no device "GPU:7"; there are: "CPU:0"`,
		"CPU:1":  `device "CPU:1": invalid argument: want CPU, or GPU:0 and so on`,
		"TPU:0":  `device "TPU:0": invalid argument: want CPU, or GPU:0 and so on`,
		"GPU:*":  `device "GPU:*": invalid argument: want CPU, or GPU:0 and so on`,
		"GPU:0x": `device "GPU:0x": invalid argument: want CPU, or GPU:0 and so on`,
	} {
		if _, err := Load(fixture("mlp"), WithDevice(name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("device %s: %v, want %q", name, err, want)
		}
	}
}

func TestCounterKeepsItsState(t *testing.T) {
	m := load(t, "counter")
	read := func() int64 {
		out, err := m.Call(bg, "read", nil)
		must(t, err)
		return values[int64](t, out["count"])[0]
	}
	for i := range int64(5) {
		if got := read(); got != 10*i {
			t.Errorf("count is %d, want %d", got, 10*i)
		}
		_, err := m.Call(bg, "increment", Feeds{"by": npy.Scalar[int64](10)})
		must(t, err)
	}
	other := load(t, "counter") // a session of its own
	if out, err := other.Call(bg, "read", nil); err != nil || values[int64](t, out["count"])[0] != 0 {
		t.Errorf("another load shares the variable: %v", err)
	}
}

func TestSignatures(t *testing.T) {
	m := load(t, "signatures")
	var got []string
	for _, s := range m.Signatures() {
		got = append(got, s.Name)
	}
	if !slices.Equal(got, []string{"length", "scale", "serving_default", "subtract"}) {
		t.Errorf("signatures are %v", got)
	}
	sig, err := m.Signature("scale")
	must(t, err)
	if len(sig.Inputs) != 2 || sig.Inputs[0].Name != "by" || sig.Inputs[0].String() != "float64 []" || sig.Inputs[1].String() != "float64 [-1]" {
		t.Errorf("scale takes %v", sig.Inputs)
	}
	if len(sig.Outputs) != 1 || sig.Outputs[0].Name != "result" {
		t.Errorf("scale gives %v", sig.Outputs)
	}
	if m.Version() == "" {
		t.Error("the model does not say which TensorFlow saved it")
	}
	sets, err := TagSets(fixture("twotags"))
	must(t, err)
	if len(sets) != 2 || !slices.Equal(sets[0], []string{"serve"}) || len(sets[1]) != 2 {
		t.Errorf("tag sets are %v", sets)
	}
}

func TestThreads(t *testing.T) {
	m := load(t, "mlp", WithThreads(1, 1), WithExecutor(Pool))
	in, want := expected(t, "mlp", "")
	out, err := m.Run(bg, Feeds{"x": in["x"]})
	must(t, err)
	checkStored(t, "one thread", "probs", out["probs"], want["probs"], in)
}

func TestSingleThread(t *testing.T) {
	for model, want := range map[string]bool{
		"add": true, "mlp": true, "while": true, "strings": true,
		"v1": false, "constant_v1": false, // reference variables
	} {
		m := load(t, model, WithSingleThread())
		if m.SingleThread() != want {
			t.Errorf("%s runs single-threaded: %v, want %v", model, m.SingleThread(), want)
		}
		in, out := expected(t, model, "")
		got, err := m.Run(bg, Feeds(in))
		must(t, err)
		plain, err := load(t, model).Run(bg, Feeds(in))
		must(t, err)
		for name, w := range out {
			checkStored(t, "single-threaded "+model, name, got[name], w, in)
			check(t, "single-threaded "+model, name, got[name], plain[name])
		}
	}
	if load(t, "add").SingleThread() {
		t.Error("a model runs single-threaded without being asked to")
	}
}
