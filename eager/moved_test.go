package eager

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/graph"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
)

// Models whose nodes ask for devices that do not exist give what they give without.
func TestForeignDevices(t *testing.T) {
	shared, strict := newContext(t, WithVisibleGPUs()), newContext(t, WithVisibleGPUs(), WithStrictPlacement())
	done := map[string]bool{}
	for _, s := range steps(t) {
		if done[s.model] {
			continue
		}
		done[s.model] = true
		kinds := [][]string{modeltest.Foreign}
		if s.model == "mlp" || s.model == "v1" || s.model == "while" {
			for _, d := range modeltest.Foreign {
				kinds = append(kinds, []string{d})
			}
		}
		for _, devices := range kinds {
			t.Run(s.model+"/"+strings.Join(devices[:min(len(devices), 2)], ","), func(t *testing.T) {
				dir := modeltest.Pin(t, fixture(s.model), devices...)
				m := loadModel(t, dir, WithTags(s.tags...), In(shared))
				if len(m.Moved()) == 0 || m.Moved()[0].Device != devices[0] || m.Moved()[0].Operations < 1 {
					t.Errorf("moved are %v, want %q first", m.Moved(), devices[0])
				}
				sig, err := m.Signature(s.signature)
				must(t, err)
				in, want := arrays(t, s, sig)
				for name, have := range start(t, m, s.signature, in) {
					stored(t, name, get(have.Copy())(t), want[name], in)
					have.Close()
				}
				_, err = Load(dir, WithTags(s.tags...), In(strict))
				wantNoDevice(t, err, devices[0])
			})
		}
	}
}

// wantNoDevice checks that an error says that there is no such device.
func wantNoDevice(t *testing.T, err error, device string) {
	t.Helper()
	var e *graph.NameError
	if !errors.As(err, &e) || e.Kind != "device" || e.Name != device || len(e.Have) == 0 {
		t.Errorf("have error %v, want that there is no device %q", err, device)
	}
}

// Functions of graphs that ask for such devices.
func TestForeignDevicesOfFunction(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixture("frozen"), "frozen.pb"))
	must(t, err)
	c, strict := newContext(t, WithVisibleGPUs()), newContext(t, WithVisibleGPUs(), WithStrictPlacement())
	for _, device := range modeltest.Foreign {
		def := new(tfpb.GraphDef)
		must(t, proto.Unmarshal(raw, def))
		modeltest.PinGraph(t, def, device)
		pinned, err := proto.Marshal(def)
		must(t, err)
		g, err := graph.ReadFrom(bytes.NewReader(pinned))
		must(t, err)
		f, err := c.Function(g, []string{"x:0", "y:0"}, []string{"z:0"})
		must(t, err)
		in, want := arrays(t, step{model: "frozen"}, graph.Signature{Inputs: []graph.Spec{{Name: "x"}, {Name: "y"}}, Outputs: []graph.Spec{{Name: "z"}}})
		x, y := get(c.Tensor(in["x"]))(t), get(c.Tensor(in["y"]))(t)
		out, err := f.Call(bg, x, y)
		closeAll([]*Tensor{x, y})
		must(t, err)
		stored(t, "z", get(out[0].Copy())(t), want["z"], in)
		closeAll(out)
		f.Close()
		if device == "/device:GPU:0" || device == "/device:CPU:1" { // graph.Read has changed others already
			_, err = strict.Function(g, []string{"x:0", "y:0"}, []string{"z:0"})
			wantNoDevice(t, err, device)
		}
		g.Close()
	}
}

// Logical devices exist: what asks for them runs there.
func TestLogicalDevicesAreMet(t *testing.T) {
	m := loadModel(t, modeltest.Pin(t, fixture("mlp"), "/device:CPU:1"), WithLogicalCPUs(2), WithStrictPlacement())
	in, want := mlp(t)
	if len(m.Moved()) != 0 {
		t.Errorf("moved are %v, want none", m.Moved())
	}
	for name, have := range start(t, m, "", in) {
		wantOn(t, name, have, "CPU:1")
		same(t, name, get(have.Copy())(t), want[name])
		have.Close()
	}
}

// Each setting works alone; those that cannot be are errors.
func TestSettings(t *testing.T) {
	in, want := mlp(t)
	for name, o := range map[string]Option{
		"memory growth": WithMemoryGrowth(), "memory fraction": WithMemoryFraction(0.3), "no GPUs": WithVisibleGPUs(),
		"optimizer off": WithOptimizerLevel(0), "no rewriters": WithoutRewriters(), "one rewriter off": WithoutRewriters("remapping"),
		"XLA off": WithJITLevel(0), "XLA 2": WithJITLevel(2), "threads": WithThreads(1, 1),
	} {
		t.Run(name, func(t *testing.T) {
			out, err := loadModel(t, fixture("mlp"), o).Run(bg, in)
			must(t, err)
			stored(t, "probs", out["probs"], want["probs"], in)
		})
	}
	for text, o := range map[string]Option{
		"memory fraction 0": WithMemoryFraction(0), "visible GPUs [0 0]": WithVisibleGPUs(0, 0), "0 CPU devices": WithLogicalCPUs(0),
		"optimizer level 2": WithOptimizerLevel(2), `rewriter "x"`: WithoutRewriters("x"), "JIT level 3": WithJITLevel(3), "threads -1": WithThreads(-1, 0),
	} {
		_, err := New(o)
		wantError(t, err, nil, "eager: "+text, "want")
	}
}
