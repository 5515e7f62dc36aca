package tfc

// #include "capi.h"
import "C"

import "fmt"

// Operation is a TF_Operation, a node of a graph, which it keeps alive.
type Operation struct {
	c *C.TF_Operation
	g *Graph
}

// Name returns the operation's name.
func (o Operation) Name() string {
	return o.text(func() *C.char { return C.TF_OperationName(o.c) })
}

// name is Name also of the zero Operation, for errors.
func (o Operation) name() string {
	if o.g == nil {
		return ""
	}
	return o.Name()
}

// Type returns the name of the op it runs, "MatMul".
func (o Operation) Type() string {
	return o.text(func() *C.char { return C.TF_OperationOpType(o.c) })
}

// Device returns the device it asks for, empty for any.
func (o Operation) Device() string {
	return o.text(func() *C.char { return C.TF_OperationDevice(o.c) })
}

// NumInputs returns how many tensors it takes.
func (o Operation) NumInputs() int {
	return o.number(func() C.int { return C.TF_OperationNumInputs(o.c) })
}

// NumOutputs returns how many tensors it makes.
func (o Operation) NumOutputs() int {
	return o.number(func() C.int { return C.TF_OperationNumOutputs(o.c) })
}

func (o Operation) text(get func() *C.char) (s string) {
	o.g.use(func(*C.TF_Graph) error { s = C.GoString(get()); return nil })
	return s
}

func (o Operation) number(get func() C.int) (n int) {
	o.g.use(func(*C.TF_Graph) error { n = int(get()); return nil })
	return n
}

// Graph returns the graph that it is a node of, nil for the zero Operation.
func (o Operation) Graph() *Graph { return o.g }

// Input returns the tensor that it takes as number i (TF_OperationInput).
func (o Operation) Input(i int) (Output, error) {
	if n := o.NumInputs(); i < 0 || i >= n {
		return Output{}, fmt.Errorf("tfc: operation %q has %d inputs, there is no number %d", o.Name(), n, i)
	}
	var c C.TF_Output
	err := o.g.use(func(*C.TF_Graph) error {
		c = C.TF_OperationInput(C.TF_Input{oper: o.c, index: C.int(i)})
		return nil
	})
	return Output{Op: Operation{c: c.oper, g: o.g}, Index: int(c.index)}, err
}

// ControlInputs returns the operations that must run before it
// (TF_OperationGetControlInputs).
func (o Operation) ControlInputs() []Operation {
	var list []Operation
	o.g.use(func(*C.TF_Graph) error {
		c := make([]*C.TF_Operation, C.TF_OperationNumControlInputs(o.c))
		n := C.TF_OperationGetControlInputs(o.c, ptr(c), C.int(len(c)))
		for _, op := range c[:n] {
			list = append(list, Operation{c: op, g: o.g})
		}
		return nil
	})
	return list
}

// Output returns the tensor that it makes as number i.
func (o Operation) Output(i int) (Output, error) {
	if n := o.NumOutputs(); i < 0 || i >= n {
		return Output{}, fmt.Errorf("tfc: operation %q has %d outputs, there is no number %d", o.Name(), n, i)
	}
	return Output{Op: o, Index: i}, nil
}

// Output is a TF_Output, one tensor that an operation makes.
type Output struct {
	Op    Operation
	Index int
}

func (o Output) c() C.TF_Output { return C.TF_Output{oper: o.Op.c, index: C.int(o.Index)} }

// String returns TensorFlow's name of the tensor, "MatMul_1:0".
func (o Output) String() string { return fmt.Sprintf("%s:%d", o.Op.Name(), o.Index) }

// DataType returns the type of the elements (TF_OperationOutputType).
func (o Output) DataType() DataType {
	return DataType(o.Op.number(func() C.int { return C.int(C.TF_OperationOutputType(o.c())) }))
}

// Shape returns the static shape: known is false where even the rank is
// unknown, a dimension is -1 where it is unknown (TF_GraphGetTensorShape).
func (o Output) Shape() (shape []int, known bool, err error) {
	err = o.Op.g.use(func(c *C.TF_Graph) error {
		var n C.int
		err := status(func(s *C.TF_Status) { n = C.TF_GraphGetTensorNumDims(c, o.c(), s) })
		if err != nil || n < 0 {
			return err
		}
		dims := make([]C.int64_t, n)
		err = status(func(s *C.TF_Status) { C.TF_GraphGetTensorShape(c, o.c(), ptr(dims), n, s) })
		shape, known = make([]int, n), true
		for i, d := range dims {
			shape[i] = int(d)
		}
		return err
	})
	return shape, known, err
}
