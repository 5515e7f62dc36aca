package eager

import (
	"fmt"
	"slices"
	"strings"

	"ndflow/graph"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/tfc"
)

// Variable describes a variable of a model.
type Variable struct {
	Name  string // as the model has it, "dense/kernel"
	DType npy.DType
	Type  string // TensorFlow's name of the type, "float"
	Shape []int  // -1 where a dimension is not fixed; nil where not even the rank is
}

// String returns dtype and shape, "float32 [16 8]".
func (v Variable) String() string { return v.spec().String() }

func (v Variable) spec() graph.Spec {
	return graph.Spec{Name: v.Name, DType: v.DType, Type: v.Type, Shape: v.Shape}
}

// variable is a variable that can be got at: by its handle, or, where it is a
// reference variable of TensorFlow 1, which has none, by functions.
type variable struct {
	Variable
	handle       *Tensor
	read, assign string
}

// Variables lists the variables that the model's signatures use, in alphabetical
// order.
func (m *Model) Variables() []Variable {
	list := make([]Variable, len(m.variables))
	for i, v := range m.variables {
		list[i] = v.Variable
	}
	return list
}

// Value returns the value of a variable, as an array of the caller's own.
func (m *Model) Value(variable string) (*npy.Array, error) {
	if err := m.begin(); err != nil {
		return nil, err
	}
	defer m.end()
	v, err := m.variable(variable)
	if err != nil {
		return nil, err
	}
	o := m.ctx.Op(v.read)
	if v.handle != nil {
		o = m.ctx.Op("ReadVariableOp").Input(v.handle).Attr(ops.TypeNamed("dtype", v.Type))
	}
	t, err := o.Output()
	if err != nil {
		return nil, fmt.Errorf("eager: variable %q: %w", variable, bare(err))
	}
	defer t.Close()
	return t.Copy()
}

// Assign sets a variable to a copy of a, which must have its dtype and shape.
// Calls that begin afterwards see it.
func (m *Model) Assign(variable string, a *npy.Array) error {
	if err := m.begin(); err != nil {
		return err
	}
	defer m.end()
	v, err := m.variable(variable)
	if err != nil {
		return err
	}
	if err := accepts("variable", v.spec(), a); err != nil {
		return err
	}
	own, err := a.Clone() // the variable may keep the very memory
	if err != nil {
		return fmt.Errorf("eager: variable %q: %w", variable, err)
	}
	t, err := m.ctx.tensorAs(v.Type, own)
	if err != nil {
		return fmt.Errorf("eager: variable %q: %w", variable, bare(err))
	}
	defer t.Close()
	if v.handle != nil {
		err = m.ctx.assign(v.handle, t)
	} else {
		_, err = m.ctx.Op(v.assign).Input(t).Run()
	}
	if err != nil {
		return fmt.Errorf("eager: variable %q: %w", variable, bare(err))
	}
	return nil
}

func (m *Model) variable(name string) (*variable, error) {
	e := &graph.NameError{Package: "eager", Kind: "variable", Name: name}
	for i := range m.variables {
		if m.variables[i].Name == name {
			return &m.variables[i], nil
		}
		e.Have = append(e.Have, m.variables[i].Name)
	}
	return nil, e
}

// makeVariables finds the variables that signatures use.
func (l *loader) makeVariables() error {
	seen := make(map[string]bool)
	for name, n := range l.used {
		if first, ok := l.twins[name]; ok {
			name = first
		}
		if !savedmodel.IsVariable(n) || seen[name] {
			continue
		}
		seen[name] = true
		v := variable{Variable: describeVariable(name, n)}
		if savedmodel.IsRefVariable(n) {
			if err := l.refFunctions(&v, n); err != nil {
				return fmt.Errorf("variable %q: %w", name, err)
			}
		} else {
			v.handle = l.handles[name+":0"]
			l.kept[v.handle] = true
		}
		l.model.variables = append(l.model.variables, v)
	}
	slices.SortFunc(l.model.variables, func(a, b variable) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func describeVariable(name string, n *tfpb.NodeDef) Variable {
	t := tfc.DataType(n.GetAttr()["dtype"].GetType())
	v := Variable{Name: name, DType: t.DType(), Type: t.String()}
	if shape := n.GetAttr()["shape"].GetShape(); shape != nil && !shape.GetUnknownRank() {
		v.Shape = make([]int, len(shape.GetDim()))
		for i, d := range shape.GetDim() {
			v.Shape[i] = int(d.GetSize())
		}
	}
	return v
}

// refFunctions makes functions that read and assign a reference variable.
func (l *loader) refFunctions(v *variable, n *tfpb.NodeDef) error {
	name := n.GetName()
	op, err := l.operation(name)
	if err != nil {
		return err
	}
	o := tfc.Output{Op: op}
	kind := fmt.Sprintf("variable%d", len(l.model.variables))
	read, err := l.function("read_"+kind, part{nodes: savedmodel.Closure{name: n}, outputs: []string{o.String()}})
	if err != nil {
		return err
	}
	v.read = read.name
	value, err := l.graph.Add(tfc.OperationDescription{
		Type: "Placeholder", Name: "ndflow_assign/" + name + "/value",
		Attrs: []tfc.AttrValue{{Name: "dtype", Value: ops.TypeNamed("dtype", v.Type).Encode()}},
	})
	if err != nil {
		return err
	}
	assign, err := l.graph.Add(tfc.OperationDescription{
		Type: "Assign", Name: "ndflow_assign/" + name,
		Inputs: []tfc.OperationInput{{Outputs: []tfc.Output{o}}, {Outputs: []tfc.Output{{Op: value}}}},
	})
	if err != nil {
		return err
	}
	v.assign = "assign_" + kind + l.suffix
	return l.makeFunction(tfc.FunctionDescription{
		Name: v.assign, Ops: []tfc.Operation{op, assign}, Inputs: []tfc.Output{{Op: value}}, Control: []tfc.Operation{assign},
	})
}
