package graph

import (
	"fmt"
	"strings"

	"ndflow/npy"
	"ndflow/tfc"
)

// Output is a tensor that an operation of a graph makes: what ops take while a
// graph is built, and what a session can be fed or asked for by its name,
// [Output.String]. The zero Output is no tensor. Outputs can be compared.
//
// An operation that makes no tensor is given as an Output too, for what must run
// after it (ops.Call.Control) and as a session's target, [Output.Operation].
type Output struct {
	o tfc.Output // Index is noTensor for an operation that makes none
}

const noTensor = -1

// Output returns a tensor of the graph by TensorFlow's name of it, "dense/BiasAdd:0", or
// without the number for an operation's first. That is the way into a graph that was not
// built here, after [Read], [Graph.Import] or [Session.Graph]: its tensors can be
// differentiated ([Graph.Gradients]) and be given to new operations. A name with ^ in
// front, "^init", is an operation, as [Output.String] has it for one that makes no tensor.
//
// A name that the graph does not have is a *[NameError].
func (g *Graph) Output(name string) (Output, error) {
	if operation, ok := strings.CutPrefix(name, "^"); ok {
		op, err := g.operation(operation)
		if err != nil {
			return Output{}, err
		}
		return Output{tfc.Output{Op: op, Index: noTensor}}, nil
	}
	o, err := g.output(name)
	if err != nil {
		return Output{}, err
	}
	return Output{o}, nil
}

// String returns TensorFlow's name of the tensor, "MatMul_1:0"; "^NoOp" for an
// operation that makes none; empty for the zero Output and once the graph is
// closed.
func (o Output) String() string {
	name := o.Operation()
	switch {
	case name == "":
		return ""
	case o.o.Index == noTensor:
		return "^" + name
	}
	return fmt.Sprintf("%s:%d", name, o.o.Index)
}

// Operation returns the name of the operation that makes the tensor.
func (o Output) Operation() string {
	if o.o.Op.Graph() == nil {
		return ""
	}
	return o.o.Op.Name()
}

// DType returns the dtype of arrays that the tensor can be fed with, or gives;
// npy.Invalid where there is none.
func (o Output) DType() npy.DType { return o.dataType().DType() }

// Type returns TensorFlow's name of the type, "float", "resource".
func (o Output) Type() string {
	if t := o.dataType(); t != 0 {
		return t.String()
	}
	return ""
}

func (o Output) dataType() tfc.DataType {
	if !o.isTensor() {
		return 0
	}
	return o.o.DataType()
}

// Shape returns what the graph knows of the shape: -1 where a dimension is not
// known, nil where not even the rank is.
func (o Output) Shape() []int {
	if !o.isTensor() {
		return nil
	}
	shape, known, err := o.o.Shape()
	if err != nil || !known {
		return nil
	}
	return shape
}

// isTensor is false for the zero Output, for an operation that makes no tensor,
// and once the graph is closed.
func (o Output) isTensor() bool { return o.o.Index != noTensor && o.Operation() != "" }
