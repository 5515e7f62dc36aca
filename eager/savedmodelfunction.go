package eager

import (
	"fmt"
	"slices"

	"ndflow/internal/savedmodel"
	"ndflow/internal/tftype"
	"ndflow/ops"
	"ndflow/tfc"
)

// Parts of a SavedModel's graph as functions of a context.

// function makes a function of a part of the graph. It takes the part's inputs and
// the handles of the resources that the part uses.
func (l *loader) function(kind string, p part) (*Function, error) {
	d := tfc.FunctionDescription{Name: kind + l.suffix}
	f := &Function{ctx: l.ctx, name: d.Name, model: l.model, options: []FunctionOption{On(l.device)}}
	for _, tensor := range p.inputs {
		o, err := l.output(tensor)
		if err != nil {
			return nil, err
		}
		d.Inputs = append(d.Inputs, o)
	}
	for _, name := range p.nodes.Names() {
		op, err := l.operation(name)
		if err != nil {
			return nil, err
		}
		if !l.isHandle(op) {
			d.Ops = append(d.Ops, op)
			continue
		}
		for i := range op.NumOutputs() {
			o := tfc.Output{Op: op, Index: i}
			d.Inputs = append(d.Inputs, o)
			f.captures = append(f.captures, l.handles[o.String()])
		}
	}
	for i, tensor := range p.outputs {
		o, err := l.output(tensor)
		if err != nil {
			return nil, err
		}
		if o.DataType() > tftype.Ref {
			if o, err = l.deref(o); err != nil {
				return nil, err
			}
			if !slices.Contains(d.Ops, o.Op) {
				d.Ops = append(d.Ops, o.Op)
			}
		}
		d.Outputs = append(d.Outputs, o)
		d.OutputNames = append(d.OutputNames, fmt.Sprintf("output_%d", i))
	}
	if p.target != "" {
		op, err := l.operation(savedmodel.NodeName(p.target))
		if err != nil {
			return nil, err
		}
		d.Control = []tfc.Operation{op}
	}
	return f, l.makeFunction(d)
}

func (l *loader) makeFunction(d tfc.FunctionDescription) error {
	f, err := l.graph.Function(d)
	if err != nil {
		return err
	}
	defer f.Close()
	def, err := f.Def()
	if err != nil {
		return err
	}
	return l.addFunction(d.Name, def)
}

// deref returns the value behind a reference of TensorFlow 1, which no function
// can return.
func (l *loader) deref(o tfc.Output) (tfc.Output, error) {
	name := fmt.Sprintf("ndflow_value/%s/%d", o.Op.Name(), o.Index)
	if op, ok := l.graph.Operation(name); ok {
		return tfc.Output{Op: op}, nil
	}
	op, err := l.graph.Add(tfc.OperationDescription{
		Type: "Identity", Name: name, Inputs: []tfc.OperationInput{{Outputs: []tfc.Output{o}}},
	})
	return tfc.Output{Op: op}, err
}

func (l *loader) operation(name string) (tfc.Operation, error) {
	op, ok := l.graph.Operation(name)
	if !ok {
		return op, fmt.Errorf("the graph has no operation %q", name)
	}
	return op, nil
}

// output finds a tensor by its name, "MatMul:0".
func (l *loader) output(tensor string) (tfc.Output, error) {
	op, err := l.operation(savedmodel.NodeName(tensor))
	if err != nil {
		return tfc.Output{}, err
	}
	return op.Output(savedmodel.OutputNumber(tensor))
}

// isHandle reports whether an operation only makes handles of resources, out of
// nothing: variables and tables, as a rule.
func (l *loader) isHandle(op tfc.Operation) bool {
	if op.NumInputs() > 0 || op.NumOutputs() == 0 || op.Type() == "Placeholder" || len(op.ControlInputs()) > 0 {
		return false
	}
	for i := range op.NumOutputs() {
		if (tfc.Output{Op: op, Index: i}).DataType().String() != string(ops.Resource) {
			return false
		}
	}
	return true
}

// makeHandles makes the resources that functions are to be given.
func (l *loader) makeHandles() error {
	d := tfc.FunctionDescription{Name: "handles" + l.suffix, Ops: []tfc.Operation{}}
	var tensors, twins []string
	for op := range l.graph.Operations() {
		if !l.isHandle(op) {
			continue
		}
		if first, ok := l.twins[op.Name()]; ok && first != op.Name() {
			twins = append(twins, op.Name())
			continue
		}
		d.Ops = append(d.Ops, op)
		for i := range op.NumOutputs() {
			o := tfc.Output{Op: op, Index: i}
			d.Outputs = append(d.Outputs, o)
			d.OutputNames = append(d.OutputNames, fmt.Sprintf("handle_%d", len(tensors)))
			tensors = append(tensors, o.String())
		}
	}
	if len(tensors) == 0 {
		return nil
	}
	if err := l.makeFunction(d); err != nil {
		return err
	}
	handles, err := l.call(d.Name)
	if err != nil {
		return err
	}
	for i, tensor := range tensors {
		l.handles[tensor] = handles[i]
	}
	for _, name := range twins {
		l.handles[name+":0"] = l.handles[l.twins[name]+":0"]
	}
	return nil
}
