package graph

import (
	"errors"
	"fmt"
	"strings"

	"ndflow/internal/pins"
	"ndflow/ops"
	"ndflow/tfc"
)

// Apply adds an operation to the graph and returns the tensors that it makes, or,
// where it makes none, one Output that stands for the operation. It makes a Graph
// an ops.Backend: the functions of the packages below ops add operations through
// it.
//
// An operation whose name is taken, or that has none, gets a name with a number
// behind it. The call is checked against the op's definition and the graph before
// TensorFlow sees it; what is wrong is an *ops.DefError with the op's signature,
// [ErrForeign], [ErrClosed], or what TensorFlow says of the shapes. A call that
// fails leaves the graph as it was.
func (g *Graph) Apply(c *ops.Call[Output]) ([]Output, error) {
	def, err := g.def(c.Op)
	if err != nil {
		return nil, err
	}
	d, err := g.describe(c, def)
	if err != nil {
		return nil, err
	}
	g.building.Lock()
	defer g.building.Unlock()
	d.Name = g.unique(d.Name)
	op, err := g.c.Add(d)
	if err != nil {
		return nil, fmt.Errorf("graph: %s: %w", c.Op, err)
	}
	g.pins.Add(pins.Pin{Device: d.Device, Node: d.Name, Nodes: 1})
	n := op.NumOutputs()
	if n == 0 {
		return []Output{{tfc.Output{Op: op, Index: noTensor}}}, nil
	}
	outputs := make([]Output, n)
	for i := range outputs {
		outputs[i] = Output{tfc.Output{Op: op, Index: i}}
	}
	return outputs, nil
}

// def returns the definition of an op, or of a function in the graph's library.
func (g *Graph) def(name string) (*ops.Def, error) {
	g.building.Lock()
	def := g.defs[name]
	g.building.Unlock()
	if def != nil {
		return def, nil
	}
	raw, err := g.c.OpDef(name)
	if errors.Is(err, tfc.NotFound) {
		return nil, g.unknownOp(name)
	}
	if err != nil {
		return nil, fmt.Errorf("graph: %s: %w", name, err)
	}
	if def, err = ops.ParseDef(raw); err != nil {
		return nil, fmt.Errorf("graph: %s: %w", name, err)
	}
	g.building.Lock()
	defer g.building.Unlock()
	if g.defs == nil {
		g.defs = make(map[string]*ops.Def)
	}
	g.defs[name] = def
	return def, nil
}

func (g *Graph) unknownOp(name string) error {
	e := &NameError{Kind: "op", Name: name}
	if raw, err := tfc.AllOps(); err == nil {
		if all, err := ops.ParseDefs(raw); err == nil {
			e.Have = all.Nearest(name)
		}
	}
	return e
}

// describe checks a call and translates it.
func (g *Graph) describe(c *ops.Call[Output], def *ops.Def) (d tfc.OperationDescription, err error) {
	d = tfc.OperationDescription{Type: c.Op, Name: nodeName(c)}
	for i := range c.Inputs {
		in := &c.Inputs[i]
		outputs := make([]tfc.Output, in.Len())
		for j := range outputs {
			o := in.At(j)
			if err := g.own(o); err != nil {
				return d, fmt.Errorf("graph: %s: input %s: %w; its signature is %s", c.Op, inputName(def, i), err, def)
			}
			outputs[j] = o.o
		}
		d.Inputs = append(d.Inputs, tfc.OperationInput{List: in.IsList(), Outputs: outputs})
	}
	if err := def.Check(c.Arities(Output.Type), c.Attrs); err != nil {
		return d, fmt.Errorf("graph: %w", err)
	}
	for _, a := range c.Attrs {
		d.Attrs = append(d.Attrs, tfc.AttrValue{Name: a.Name(), Value: a.Encode()})
	}
	for _, o := range c.Control {
		if o.o.Op.Graph() != g.c {
			return d, fmt.Errorf("graph: %s: control input %q: %w", c.Op, o, ErrForeign)
		}
		d.Control = append(d.Control, o.o.Op)
	}
	if d.Device, err = deviceSpec(c.Device); err != nil {
		return d, fmt.Errorf("graph: %s: %w", c.Op, err)
	}
	return d, nil
}

// own returns an error unless o is a tensor of this graph.
func (g *Graph) own(o Output) error {
	switch {
	case o == Output{}:
		return fmt.Errorf("%w: have the zero Output", ErrNoTensor)
	case o.o.Op.Graph() != g.c:
		return fmt.Errorf("tensor %q: %w", o, ErrForeign)
	case o.o.Index == noTensor:
		return fmt.Errorf("%w: operation %q makes none", ErrNoTensor, o.Operation())
	}
	return nil
}

// inputName is how errors call an input.
func inputName(def *ops.Def, i int) string {
	if i < len(def.Inputs) {
		return fmt.Sprintf("%q", def.Inputs[i].Name)
	}
	return fmt.Sprint(i)
}

// nodeName is the name that a call asks for. Functions may be called as no
// operation can be: with an underscore in front.
func nodeName(c *ops.Call[Output]) string {
	if c.Name != "" {
		return c.Name
	}
	return strings.TrimLeft(c.Op, "_")
}

// unique returns the name, with a number behind it if it is taken. The caller has
// locked building.
func (g *Graph) unique(name string) string {
	try := name
	for {
		if _, taken := g.c.Operation(try); !taken {
			return try
		}
		if g.numbers == nil {
			g.numbers = make(map[string]int)
		}
		g.numbers[name]++
		try = fmt.Sprintf("%s_%d", name, g.numbers[name])
	}
}
