package tfc

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ndflow/npy"
	"ndflow/ops"
)

func newGraph(t testing.TB) *Graph {
	t.Helper()
	g, err := NewGraph()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	return g
}

func attrs(list ...ops.Attr) []AttrValue {
	values := make([]AttrValue, len(list))
	for i, a := range list {
		values[i] = AttrValue{Name: a.Name(), Value: a.Encode()}
	}
	return values
}

func one(o Output) OperationInput { return OperationInput{Outputs: []Output{o}} }

// add adds an operation that must be one, and returns its first output.
func add(t testing.TB, g *Graph, d OperationDescription) Output {
	t.Helper()
	op, err := g.Add(d)
	if err != nil {
		t.Fatal(err)
	}
	return Output{Op: op}
}

func placeholder(t testing.TB, g *Graph, name string) Output {
	t.Helper()
	return add(t, g, OperationDescription{Type: "Placeholder", Name: name,
		Attrs: attrs(ops.Type("dtype", npy.Float32), ops.Shape("shape", []int{-1}))})
}

func TestAddOperations(t *testing.T) {
	g := newGraph(t)
	x, y := placeholder(t, g, "x"), placeholder(t, g, "y")
	sum := add(t, g, OperationDescription{Type: "AddN", Name: "sum", Device: "/device:CPU:0",
		Inputs:  []OperationInput{{List: true, Outputs: []Output{x, y, x}}},
		Control: []Operation{y.Op}})
	if got := sum.Op.Device(); got != "/device:CPU:0" {
		t.Errorf("device %q", got)
	}
	if n := sum.Op.NumInputs(); n != 3 {
		t.Errorf("%d inputs, want 3", n)
	}
	if in, err := sum.Op.Input(1); err != nil || in != y {
		t.Errorf("input 1 is %v, %v, want y", in, err)
	}
	if c := sum.Op.ControlInputs(); len(c) != 1 || c[0] != y.Op {
		t.Errorf("control inputs %v, want y", c)
	}
	if dt := sum.DataType(); dt != Float {
		t.Errorf("type %v", dt)
	}
}

func operationNames(g *Graph) []string {
	var names []string
	for op := range g.Operations() {
		names = append(names, op.Name())
	}
	return names
}

// What cannot be finished must leave nothing: the same description works when
// it has been mended, under the same name.
func TestAddThatFailsLeavesTheGraph(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x")
	s := add(t, g, OperationDescription{Type: "Placeholder", Name: "s", Attrs: attrs(ops.Type("dtype", npy.String))})
	other := placeholder(t, newGraph(t), "x")
	before := operationNames(g)
	for _, c := range []struct {
		name string
		d    OperationDescription
		is   error
		want string
	}{
		{"no such op", OperationDescription{Type: "NoSuchOp", Name: "n"}, InvalidArgument, "NoSuchOp"},
		{"a name that exists", OperationDescription{Type: "NoOp", Name: "x"}, InvalidArgument, "x"},
		{"a name that is none", OperationDescription{Type: "NoOp", Name: "a b"}, InvalidArgument, "a b"},
		{"too few inputs", OperationDescription{Type: "MatMul", Name: "n", Inputs: []OperationInput{one(x)}}, InvalidArgument, "MatMul"},
		{"a missing attribute", OperationDescription{Type: "Placeholder", Name: "n"}, InvalidArgument, "dtype"},
		{"an attribute that is none", OperationDescription{Type: "NoOp", Name: "n", Attrs: []AttrValue{{"a", []byte("no AttrValue")}}}, InvalidArgument, "AttrValue"},
		{"types that differ", OperationDescription{Type: "AddV2", Name: "n", Inputs: []OperationInput{one(x), one(s)}}, InvalidArgument, "DT_STRING"},
		{"a shape that does not fit", OperationDescription{Type: "MatMul", Name: "n", Inputs: []OperationInput{one(x), one(x)}}, InvalidArgument, "rank 2"},
		{"a tensor of another graph", OperationDescription{Type: "Identity", Name: "n", Inputs: []OperationInput{one(other)}}, ErrForeign, "x"},
		{"an operation of another graph", OperationDescription{Type: "NoOp", Name: "n", Control: []Operation{other.Op}}, ErrForeign, "x"},
		{"no tensor at all", OperationDescription{Type: "Identity", Name: "n", Inputs: []OperationInput{one(Output{})}}, ErrForeign, ""},
		{"an output that there is not", OperationDescription{Type: "Identity", Name: "n", Inputs: []OperationInput{one(Output{Op: x.Op, Index: 1})}}, nil, "no number 1"},
		{"no tensor for one", OperationDescription{Type: "Identity", Name: "n", Inputs: []OperationInput{{}}}, nil, "have 0 tensors"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := g.Add(c.d)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %v and %q", err, c.is, c.want)
			}
		})
	}
	if after := operationNames(g); !slices.Equal(after, before) {
		t.Errorf("the graph has %v, want %v", after, before)
	}
	if def, err := g.GraphDef(); err != nil || newGraph(t).Import(def, "") != nil {
		t.Errorf("the graph cannot be exported and imported: %v", err)
	}
	add(t, g, OperationDescription{Type: "Identity", Name: "n", Inputs: []OperationInput{one(x)}})
}

func TestBuildingInAClosedGraph(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x")
	g.Close()
	if _, err := g.Add(OperationDescription{Type: "Identity", Name: "y", Inputs: []OperationInput{one(x)}}); !errors.Is(err, ErrClosed) {
		t.Errorf("Add: %v, want ErrClosed", err)
	}
	if _, err := g.AddGradients([]Output{x}, []Output{x}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("AddGradients: %v, want ErrClosed", err)
	}
	if _, err := g.Function(FunctionDescription{Name: "F", Inputs: []Output{x}, Outputs: []Output{x}}); !errors.Is(err, ErrClosed) {
		t.Errorf("Function: %v, want ErrClosed", err)
	}
	if _, err := g.Functions(); !errors.Is(err, ErrClosed) {
		t.Errorf("Functions: %v, want ErrClosed", err)
	}
}

func TestAddGradients(t *testing.T) {
	g := newGraph(t)
	x, w := placeholder(t, g, "x"), placeholder(t, g, "w")
	y := add(t, g, OperationDescription{Type: "Mul", Name: "y", Inputs: []OperationInput{one(x), one(w)}})
	i := add(t, g, OperationDescription{Type: "Cast", Name: "i", Inputs: []OperationInput{one(x)}, Attrs: attrs(ops.Type("DstT", npy.Int32))})
	bits := add(t, g, OperationDescription{Type: "Bitcast", Name: "bits", Inputs: []OperationInput{one(x)}, Attrs: attrs(ops.Type("type", npy.Int32))})
	other := placeholder(t, newGraph(t), "x")

	dxs, err := g.AddGradients([]Output{y}, []Output{x, w}, nil)
	if err != nil || len(dxs) != 2 || !strings.HasPrefix(dxs[0].String(), "gradients/") {
		t.Fatalf("gradients %v, %v", dxs, err)
	}
	if again, err := g.AddGradients([]Output{y}, []Output{x}, []Output{x}); err != nil || !strings.HasPrefix(again[0].String(), "gradients_1/") {
		t.Errorf("gradients again: %v, %v", again, err)
	}
	for _, c := range []struct {
		name        string
		ys, xs, dys []Output
		is          error
		want        string
	}{
		{"not reachable", []Output{x}, []Output{w}, nil, InvalidArgument, "unreachable"},
		{"an op without a gradient", []Output{bits}, []Output{x}, nil, NotFound, "Bitcast"},
		{"a tensor of another graph", []Output{y}, []Output{other}, nil, ErrForeign, "x"},
		{"too few initial gradients", []Output{y, x}, []Output{x}, []Output{x}, nil, "have 1 initial gradients, want none or 2"},
		{"of an integer", []Output{i}, []Output{x}, nil, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dxs, err := g.AddGradients(c.ys, c.xs, c.dys)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("gradients %v, error %v, want %v and %q", dxs, err, c.is, c.want)
			}
		})
	}
}

func TestFunction(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x")
	y := add(t, g, OperationDescription{Type: "Neg", Name: "y", Inputs: []OperationInput{one(x)}})
	side := add(t, g, OperationDescription{Type: "NoOp", Name: "side"})
	f, err := g.Function(FunctionDescription{Name: "Negate", Inputs: []Output{x}, Outputs: []Output{y}, OutputNames: []string{"negated"},
		Control: []Operation{side.Op}, ControlNames: []string{"done"}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Name() != "Negate" {
		t.Errorf("name %q", f.Name())
	}
	def, err := f.Def()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"Negate", "negated", "done", "side"} {
		if !strings.Contains(string(def), word) {
			t.Errorf("the FunctionDef lacks %q: %q", word, def)
		}
	}

	imported, err := ImportFunction(def)
	if err != nil {
		t.Fatal(err)
	}
	defer imported.Close()
	caller := newGraph(t)
	for range 2 { // the second time it is there already
		if err := caller.CopyFunction(imported); err != nil {
			t.Fatal(err)
		}
	}
	list, err := caller.Functions()
	if err != nil || len(list) != 1 || list[0].Name() != "Negate" {
		t.Fatalf("functions %v, %v", list, err)
	}
	list[0].Close()
	z := placeholder(t, caller, "z")
	called := add(t, caller, OperationDescription{Type: "Negate", Name: "called", Inputs: []OperationInput{one(z)}})
	if called.DataType() != Float {
		t.Errorf("a call gives %v", called.DataType())
	}
	def, err = caller.OpDef("Negate")
	if err != nil {
		t.Fatal(err)
	}
	if d, err := ops.ParseDef(def); err != nil || d.String() != "Negate(x: float) -> (negated: float)" {
		t.Errorf("the signature is %v, %v", d, err)
	}
}

func TestFunctionOfSomeOperations(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x")
	y := add(t, g, OperationDescription{Type: "Neg", Name: "y", Inputs: []OperationInput{one(x)}})
	add(t, g, OperationDescription{Type: "Exp", Name: "unused", Inputs: []OperationInput{one(y)}})
	f, err := g.Function(FunctionDescription{Name: "Part", Ops: []Operation{y.Op}, Inputs: []Output{x}, Outputs: []Output{y}})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	def, err := f.Def()
	if err != nil || strings.Contains(string(def), "unused") {
		t.Errorf("%v, the function has operations that it was not to have: %q", err, def)
	}
	// Identity of its input, with no body at all.
	same, err := g.Function(FunctionDescription{Name: "Same", Ops: []Operation{}, Inputs: []Output{x}, Outputs: []Output{x, x}})
	if err != nil {
		t.Fatal(err)
	}
	same.Close()
	same.Close()
	if _, err := same.Def(); !errors.Is(err, ErrClosed) || same.Name() != "" {
		t.Errorf("a closed function: %v, name %q", err, same.Name())
	}
	if err := g.CopyFunction(same); !errors.Is(err, ErrClosed) {
		t.Errorf("copying a closed function: %v", err)
	}
}

func TestBadFunctions(t *testing.T) {
	g := newGraph(t)
	x := placeholder(t, g, "x")
	y := add(t, g, OperationDescription{Type: "Neg", Name: "y", Inputs: []OperationInput{one(x)}})
	other := placeholder(t, newGraph(t), "x")
	for _, c := range []struct {
		name string
		d    FunctionDescription
		is   error
		want string
	}{
		{"an input of another graph", FunctionDescription{Inputs: []Output{other}, Outputs: []Output{y}}, ErrForeign, "x"},
		{"an operation of another graph", FunctionDescription{Ops: []Operation{other.Op}}, ErrForeign, "x"},
		{"no output", FunctionDescription{Outputs: []Output{{}}}, ErrForeign, ""},
		{"an output that there is not", FunctionDescription{Outputs: []Output{{Op: y.Op, Index: 3}}}, nil, "no number 3"},
		{"an input that is missing", FunctionDescription{Ops: []Operation{y.Op}, Outputs: []Output{y}}, InvalidArgument, "x"},
		{"an input given twice", FunctionDescription{Inputs: []Output{x, x}, Outputs: []Output{y}}, InvalidArgument, "x"},
		{"too few names", FunctionDescription{Inputs: []Output{x}, Outputs: []Output{y, y}, OutputNames: []string{"a"}}, nil, "1 names for 2 outputs"},
		{"too many names of control outputs", FunctionDescription{ControlNames: []string{"a"}}, nil, "1 names for 0 control outputs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.d.Name = "Bad"
			f, err := g.Function(c.d)
			if err == nil {
				f.Close()
			}
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), `function "Bad"`) {
				t.Errorf("error %v, want %v and %q", err, c.is, c.want)
			}
		})
	}
	if _, err := ImportFunction([]byte("no FunctionDef")); !errors.Is(err, InvalidArgument) {
		t.Errorf("importing garbage: %v", err)
	}
}
