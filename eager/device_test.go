package eager

import (
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// Every model gives on a device of its choice what it gives elsewhere, and its
// results and variables stay there.
func TestLoadOnDevice(t *testing.T) {
	shared := newContext(t, WithLogicalCPUs(2))
	loaded, elsewhere := map[string]*Model{}, map[string]*Model{}
	for _, s := range steps(t) {
		t.Run(s.model+"/"+s.folder, func(t *testing.T) {
			key := s.model + "," + strings.Join(s.tags, ",")
			m := loaded[key]
			if m == nil {
				var err error
				m, err = Load(fixture(s.model), WithTags(s.tags...), In(shared), WithDevice("CPU:1"))
				must(t, err)
				loaded[key] = m
				elsewhere[key], err = Load(fixture(s.model), WithTags(s.tags...), In(shared))
				must(t, err)
				for _, v := range m.variables {
					if v.handle == nil {
						continue // of TensorFlow 1
					}
					value := output(t, shared.Op("ReadVariableOp").Input(v.handle).Attr(ops.TypeNamed("dtype", v.Type)))
					wantOn(t, v.Name, value, "CPU:1")
				}
			}
			sig, err := m.Signature(s.signature)
			must(t, err)
			in, want := arrays(t, s, sig)
			out, plain := start(t, m, s.signature, in), start(t, elsewhere[key], s.signature, in)
			for name, w := range want {
				if s.model != "passthrough_v1" { // which gives back what it was given
					wantOn(t, name, out[name], "CPU:1")
				}
				got, err := out[name].Copy()
				must(t, err)
				out[name].Close()
				stored(t, name, got, w, in)
				same(t, name, got, get(plain[name].Copy())(t))
				plain[name].Close()
			}
		})
	}
	for key, m := range loaded {
		m.Close()
		elsewhere[key].Close()
	}
}

// wantOn checks where a tensor is. Functions give int32 and strings in the host's
// memory, wherever they run.
func wantOn(t testing.TB, name string, x *Tensor, device string) {
	t.Helper()
	if d, err := x.DType(); err == nil && (d == npy.Int32 || d == npy.String) {
		return
	}
	if on, err := x.Device(); err != nil || on != device {
		t.Errorf("%s is on %s, %v, want %s", name, on, err, device)
	}
}

func TestLoadOnNoDevice(t *testing.T) {
	_, err := Load(fixture("mlp"), WithDevice("GPU:9"))
	wantError(t, err, nil, "eager: no device", "GPU:9", "CPU:0")
}

// A function runs where the caller says, for all calls or for one.
func TestFunctionOnDevice(t *testing.T) {
	g, x, y, _ := frozen(t)
	c := newContext(t, WithLogicalCPUs(3))
	f, err := c.Function(g, []string{"x", "y"}, []string{"product"}, On("CPU:1"))
	must(t, err)
	defer f.Close()
	tx, err := c.Tensor(x)
	must(t, err)
	defer tx.Close()
	ty, err := c.Tensor(y)
	must(t, err)
	defer ty.Close()
	anywhere, err := c.Function(g, []string{"x", "y"}, []string{"product"})
	must(t, err)
	defer anywhere.Close()
	plain, err := anywhere.Call(bg, tx, ty)
	must(t, err)
	defer closeAll(plain)
	want := get(plain[0].Copy())(t)
	out, err := f.Call(bg, tx, ty)
	must(t, err)
	defer closeAll(out)
	other := f.Op(tx, ty).Device("CPU:2")
	defer other.Close()
	more, err := other.Run()
	must(t, err)
	defer closeAll(more)
	for device, p := range map[string]*Tensor{"CPU:1": out[0], "CPU:2": more[0]} {
		wantOn(t, "product", p, device)
		got, err := p.Copy()
		must(t, err)
		same(t, "product", got, want)
	}
	dst := zeros(t, npy.Float32, want.Shape()...)
	must(t, other.RunInto(dst))
	same(t, "product", dst, want)

	m := loadModel(t, fixture("mlp"), In(c), WithDevice("CPU:1"))
	caller, err := m.Caller("", On("CPU:2"))
	must(t, err)
	defer caller.Close()
	in, probs := mlp(t)
	for name, a := range in {
		must(t, caller.Feed(name, a))
	}
	made, err := caller.Run(bg)
	must(t, err)
	for name, p := range made {
		defer p.Close()
		got, err := p.Copy()
		must(t, err)
		same(t, name, got, probs[name])
	}
	bad, err := c.Function(g, []string{"x", "y"}, []string{"product"}, On("CPU:7"))
	must(t, err)
	defer bad.Close()
	_, err = bad.Call(bg, tx, ty)
	wantError(t, err, nil, "no device", "CPU:7", "CPU:2")
	closed := newContext(t, WithLogicalCPUs(2))
	closed.Close()
	_, err = Load(fixture("mlp"), In(closed), WithDevice("CPU:1"))
	wantError(t, err, tfc.ErrClosed)
}
