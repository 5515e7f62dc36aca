package graph

import (
	"fmt"

	"ndflow/internal/pins"
	"ndflow/tfc"
)

// Function is a part of a graph that can be called: eager.Context.Function takes
// it in. It is a copy, independent of the graph.
type Function struct {
	Name    string
	Inputs  []Spec
	Outputs []Spec
	// Defs are the serialized FunctionDefs of the function, which is the last one,
	// and of those that it calls.
	Defs [][]byte
}

// Function makes a function of the operations that the named outputs need. Inputs
// are tensors, most often placeholders, each of an operation with one output;
// every placeholder that the outputs need must be among them. Variables and tables
// of a session are not the function's.
func (g *Graph) Function(name string, inputs, outputs []string) (*Function, error) {
	fail := func(err error) (*Function, error) { return nil, fmt.Errorf("graph: function %q: %w", name, err) }
	if len(outputs) == 0 {
		return fail(fmt.Errorf("no outputs are named"))
	}
	in, inSpecs, err := g.named(inputs)
	if err != nil {
		return fail(err)
	}
	out, outSpecs, err := g.named(outputs)
	if err != nil {
		return fail(err)
	}
	for _, o := range in {
		if n := o.Op.NumOutputs(); n != 1 {
			return fail(fmt.Errorf("input %q: its operation makes %d tensors; only one that makes a single tensor can be an input", o, n))
		}
	}
	body := tfc.Closure(out, nil, in)
	for _, op := range body {
		if op.Type() == "Placeholder" {
			return fail(fmt.Errorf("placeholder %q is needed but not among the inputs", op.Name()))
		}
	}
	f, err := g.c.Function(tfc.FunctionDescription{Name: name, Ops: body, Inputs: in, Outputs: out})
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	defs, err := g.library()
	if err != nil {
		return fail(err)
	}
	def, err := f.Def()
	if err != nil {
		return fail(err)
	}
	return &Function{Name: name, Inputs: inSpecs, Outputs: outSpecs, Defs: append(defs, def)}, nil
}

// AddFunction takes a function into the graph, with those that it calls, so that
// operations can call it by its name. That the graph has it already is no error;
// that it has another of the same name is one.
func (g *Graph) AddFunction(f *Function) error {
	fail := func(err error) error { return fmt.Errorf("graph: function %q: %w", f.Name, err) }
	for _, def := range f.Defs {
		def, found := pins.Function(def, pins.Local)
		c, err := tfc.ImportFunction(def)
		if err != nil {
			return fail(err)
		}
		err = g.c.CopyFunction(c)
		c.Close()
		if err != nil {
			return fail(err)
		}
		g.pin(found, "")
	}
	return nil
}

// named finds tensors by their names and describes them.
func (g *Graph) named(names []string) ([]tfc.Output, []Spec, error) {
	outputs, specs := make([]tfc.Output, len(names)), make([]Spec, len(names))
	for i, name := range names {
		o, err := g.output(name)
		if err == nil {
			specs[i], err = specOf(name, o)
		}
		if err != nil {
			return nil, nil, err
		}
		outputs[i] = o
	}
	return outputs, specs, nil
}

// library returns the functions of the graph's library.
func (g *Graph) library() (defs [][]byte, err error) {
	list, err := g.c.Functions()
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		defer f.Close()
		def, err := f.Def()
		if err != nil {
			return nil, err
		}
		defs = append(defs, def)
	}
	return defs, nil
}
