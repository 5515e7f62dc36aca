package graph

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/math"
)

// Models whose nodes ask for devices that do not exist give what they give without.
func TestForeignDevices(t *testing.T) {
	done := map[string]bool{}
	for _, c := range cases(t) {
		if done[c.model] {
			continue
		}
		done[c.model] = true
		kinds := [][]string{modeltest.Foreign}
		if c.model == "mlp" || c.model == "v1" || c.model == "while" {
			for _, d := range modeltest.Foreign {
				kinds = append(kinds, []string{d})
			}
		}
		for _, devices := range kinds {
			t.Run(c.model+"/"+strings.Join(devices[:min(len(devices), 2)], ","), func(t *testing.T) {
				dir := modeltest.Pin(t, fixture(c.model), devices...)
				m, err := Load(dir, WithTags(c.tags...), WithDevice("CPU"))
				must(t, err)
				defer m.Close()
				if len(m.Moved()) == 0 || m.Moved()[0].Device != devices[0] || m.Moved()[0].Operations < 1 {
					t.Errorf("moved are %v, want %q first", m.Moved(), devices[0])
				}
				in, want := expected(t, c.model, c.folder)
				sig, err := m.Signature(c.signature)
				must(t, err)
				feeds := Feeds{}
				for _, s := range sig.Inputs {
					feeds[s.Name] = asDType(t, in[s.Name], s.DType)
				}
				out, err := m.Call(bg, c.signature, feeds)
				must(t, err)
				for _, s := range sig.Outputs {
					if s.Problem != "" {
						continue // it has no array form
					}
					checkStored(t, "Call", s.Name, out[s.Name], asDType(t, want[s.Name], s.DType), in)
				}
				_, err = Load(dir, WithTags(c.tags...), WithDevice("CPU"), WithStrictPlacement())
				wantNoDevice(t, err, devices[0])
			})
		}
	}
}

// wantNoDevice checks that an error says that there is no such device.
func wantNoDevice(t *testing.T, err error, device string) {
	t.Helper()
	var e *NameError
	if !errors.As(err, &e) || e.Kind != "device" || e.Name != device || len(e.Have) == 0 {
		t.Errorf("have error %v, want that there is no device %q", err, device)
	}
}

// The text form of a model has devices in another form.
func TestForeignDevicesInText(t *testing.T) {
	in, want := expected(t, "mlp", "")
	for _, devices := range [][]string{{"/job:worker/task:1/device:GPU:0"}, modeltest.Foreign} {
		m, err := Load(modeltest.Text(t, modeltest.Pin(t, fixture("mlp"), devices...)), WithDevice("CPU"))
		must(t, err)
		defer m.Close()
		out, err := m.Run(bg, in)
		must(t, err)
		checkStored(t, "Run", "probs", out["probs"], want["probs"], in)
	}
}

// A model with devices of another process leaves no folder behind, loaded or not.
func TestForeignDevicesLeaveNothing(t *testing.T) {
	dir := modeltest.Pin(t, fixture("mlp"), "/job:worker/task:3/device:CPU:0")
	spare := modeltest.Change(t, dir, func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
		g.Node = append(g.GetNode(), &tfpb.NodeDef{Name: "spare", Op: "NoSuchOp"})
	})
	bad := modeltest.Change(t, dir, func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
		g.Node = append(g.GetNode(), &tfpb.NodeDef{Name: "spare", Op: "NoOp", Input: []string{"nowhere"}})
	})
	t.Setenv("TMPDIR", t.TempDir())
	for _, dir := range []string{dir, spare} {
		m, err := Load(dir)
		must(t, err)
		in, want := expected(t, "mlp", "")
		out, err := m.Run(bg, in)
		must(t, err)
		checkStored(t, "Run", "probs", out["probs"], want["probs"], in)
		m.Close()
	}
	if _, err := Load(bad); err == nil {
		t.Errorf("%s loads", bad)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) > 0 {
		t.Errorf("left in the folder for temporary files: %v, %v", left, err)
	}
}

// Frozen graphs: read, imported, and with operations put behind them.
func TestForeignDevicesOfGraph(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(fixture("frozen"), "frozen.pb"))
	must(t, err)
	for _, device := range append(modeltest.Foreign, "") {
		def := new(tfpb.GraphDef)
		must(t, proto.Unmarshal(raw, def))
		devices := modeltest.Foreign
		if device != "" {
			devices = []string{device}
		}
		modeltest.PinGraph(t, def, devices...)
		pinned, err := proto.Marshal(def)
		must(t, err)
		t.Run(device, func(t *testing.T) {
			in, want := expected(t, "frozen", "")
			g, err := ReadFrom(bytes.NewReader(pinned))
			must(t, err)
			defer g.Close()
			must(t, g.Import(pinned, "again"))
			s, err := NewSession(g, WithDevice("CPU"))
			must(t, err)
			defer s.Close()
			for _, at := range []string{"", "again/"} {
				have, err := s.Eval(bg, at+"z:0", Feeds{at + "x:0": in["x"], at + "y:0": in["y"]})
				must(t, err)
				checkStored(t, at+"z", "z", have, want["z"], in)
			}
			if m := s.Moved(); len(m) != len(devices) && len(m) != len(def.GetNode()) || m[0].Device != devices[0] || m[0].Operation != def.GetNode()[0].GetName() {
				t.Errorf("moved are %v", m)
			}
			_, err = NewSession(g, WithDevice("CPU"), WithStrictPlacement())
			wantNoDevice(t, err, devices[0])
		})
	}
}

// Logical devices exist: what asks for them is not moved.
func TestLogicalDevicesAreMet(t *testing.T) {
	m, err := Load(modeltest.Pin(t, fixture("mlp"), "/device:CPU:1", "/job:localhost/device:CPU:2", "/cpu:0"), WithLogicalCPUs(3), WithStrictPlacement())
	must(t, err)
	defer m.Close()
	if len(m.Moved()) != 0 {
		t.Errorf("moved are %v, want none", m.Moved())
	}
	in, want := expected(t, "mlp", "")
	out, err := m.Run(bg, in)
	must(t, err)
	checkStored(t, "Run", "probs", out["probs"], want["probs"], in)
}

// An operation of one's own that asks for a device which does not exist.
func TestForeignDeviceOfOperation(t *testing.T) {
	g, err := New()
	must(t, err)
	defer g.Close()
	x, err := g.Placeholder("x", npy.Float32, []int{2})
	must(t, err)
	scope := ops.NewScope(g).WithDevice("GPU:7")
	y := math.Add(scope, x, x)
	must(t, scope.Err())
	s, err := NewSession(g)
	must(t, err)
	defer s.Close()
	have, err := s.Eval(bg, y.String(), Feeds{"x": array(t, []float32{1, 2}, 2)})
	must(t, err)
	if v := values[float32](t, have); v[0] != 2 || v[1] != 4 || len(s.Moved()) != 1 {
		t.Errorf("have %v, moved %v", v, s.Moved())
	}
	_, err = NewSession(g, WithStrictPlacement())
	wantNoDevice(t, err, "/device:GPU:7")
}

// Each setting works alone, and gives the same; those that cannot be are errors.
func TestSettings(t *testing.T) {
	in, want := expected(t, "mlp", "")
	for name, o := range map[string]Option{
		"memory growth": WithMemoryGrowth(), "memory fraction": WithMemoryFraction(0.3), "no GPUs": WithVisibleGPUs(),
		"optimizer off": WithOptimizerLevel(0), "optimizer on": WithOptimizerLevel(1),
		"no rewriters": WithoutRewriters(), "two rewriters off": WithoutRewriters("remapping", "constant_folding"),
		"XLA off": WithJITLevel(0), "XLA 1": WithJITLevel(1), "XLA 2": WithJITLevel(2), "threads": WithThreads(1, 1),
	} {
		m, err := Load(fixture("mlp"), o)
		must(t, err)
		out, err := m.Run(bg, in)
		must(t, err)
		checkStored(t, name, "probs", out["probs"], want["probs"], in)
		m.Close()
	}
	for text, o := range map[string]Option{
		"memory fraction 0": WithMemoryFraction(0), "memory fraction NaN": WithMemoryFraction(nan), "memory fraction 1.5": WithMemoryFraction(1.5),
		"visible GPUs [0 0]": WithVisibleGPUs(0, 0), "visible GPUs [-1]": WithVisibleGPUs(-1), "0 CPU devices": WithLogicalCPUs(0),
		"optimizer level 2": WithOptimizerLevel(2), `rewriter "x"`: WithoutRewriters("x"), "JIT level 3": WithJITLevel(3), "threads -1": WithThreads(-1, 0),
	} {
		if _, err := Load(fixture("mlp"), o); err == nil || !strings.Contains(err.Error(), "graph: "+text) || !strings.Contains(err.Error(), "want") {
			t.Errorf("have error %v, want %q", err, text)
		}
	}
}

var nan = func() float64 { zero := 0.0; return zero / zero }()
