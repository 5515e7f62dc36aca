package tfc

// #include <stdlib.h>
// #include "capi.h"
import "C"

import (
	"fmt"
	"regexp"
	"unsafe"
)

// OperationDescription says what an operation is to be
// (TF_OperationDescription).
type OperationDescription struct {
	Type    string // the op it runs, "MatMul"
	Name    string // that no operation of the graph has
	Inputs  []OperationInput
	Attrs   []AttrValue
	Device  string      // where it is to run, empty for anywhere
	Control []Operation // that must run before it
}

// OperationInput is what an operation takes for one input of its op.
type OperationInput struct {
	List    bool // an input that is a list, of any length
	Outputs []Output
}

// AttrValue is the value of an attribute, a serialized AttrValue.
type AttrValue struct {
	Name  string
	Value []byte
}

// Add adds an operation to the graph (TF_NewOperation, TF_FinishOperation).
// Attributes and inputs must fit the op: what TensorFlow says where they do not
// is less clear than what a check of the OpDef can say before.
func (g *Graph) Add(d OperationDescription) (op Operation, err error) {
	if err := ensureBuild("building graphs"); err != nil {
		return op, err
	}
	if err := g.checkDescription(&d); err != nil {
		return op, err
	}
	err = g.use(func(c *C.TF_Graph) error {
		op, err = g.add(c, &d)
		return err
	})
	return op, err
}

// nodeName is what TensorFlow takes as a name when it reads a graph, though not
// when it builds one.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$`)

// checkDescription finds what TensorFlow would take for granted.
func (g *Graph) checkDescription(d *OperationDescription) error {
	if !nodeName.MatchString(d.Name) {
		return fmt.Errorf("tfc: operation %q: %w: want a name of letters, digits and _ . / > -, the first one a letter, a digit or a dot", d.Name, InvalidArgument)
	}
	for i, in := range d.Inputs {
		if !in.List && len(in.Outputs) != 1 {
			return fmt.Errorf("tfc: operation %q: input %d: have %d tensors, want one or a list", d.Name, i, len(in.Outputs))
		}
		if err := g.own(in.Outputs...); err != nil {
			return fmt.Errorf("tfc: operation %q: input %d: %w", d.Name, i, err)
		}
	}
	for _, op := range d.Control {
		if op.c == nil || op.g != g {
			return fmt.Errorf("tfc: operation %q: control input %q: %w", d.Name, op.name(), ErrForeign)
		}
	}
	return nil
}

// own returns an error unless all outputs are of this graph: TensorFlow would
// join two graphs, and crash later.
func (g *Graph) own(outputs ...Output) error {
	if err := g.use(func(*C.TF_Graph) error { return nil }); err != nil {
		return err
	}
	for _, o := range outputs {
		if o.Op.c == nil || o.Op.g != g {
			return fmt.Errorf("tensor %q: %w", o.Op.name(), ErrForeign)
		}
		if n := o.Op.NumOutputs(); o.Index < 0 || o.Index >= n {
			return fmt.Errorf("tensor %q: the operation has %d outputs, there is no number %d", o.Op.Name(), n, o.Index)
		}
	}
	return nil
}

// add describes the operation to TensorFlow and finishes it. That is done
// whatever has failed before, since nothing else frees a description. A
// description that cannot be finished leaves the graph as it was.
func (g *Graph) add(c *C.TF_Graph, d *OperationDescription) (Operation, error) {
	names, free, err := cNames([]string{d.Type, d.Name, d.Device})
	if err != nil {
		return Operation{}, err
	}
	defer free()
	ctype, cname, cdevice := names[0], names[1], names[2]
	desc := C.TF_NewOperation(c, ctype, cname)
	if d.Device != "" {
		C.TF_SetDevice(desc, cdevice)
	}
	for _, in := range d.Inputs {
		couts := cOutputs(in.Outputs)
		if in.List {
			C.TF_AddInputList(desc, ptr(couts), C.int(len(couts)))
		} else {
			C.TF_AddInput(desc, couts[0])
		}
	}
	for _, op := range d.Control {
		C.TF_AddControlInput(desc, op.c)
	}
	for _, a := range d.Attrs {
		if e := setAttr(desc, a); e != nil && err == nil {
			err = e
			spoil(desc)
		}
	}
	var op *C.TF_Operation
	if e := status(func(s *C.TF_Status) { op = C.TF_FinishOperation(desc, s) }); err == nil {
		err = e
	}
	if err != nil {
		return Operation{}, err
	}
	return Operation{c: op, g: g}, nil
}

func setAttr(desc *C.TF_OperationDescription, a AttrValue) error {
	cname, err := cName(a.Name)
	if err != nil {
		return err
	}
	defer freeName(cname)
	return status(func(s *C.TF_Status) {
		C.TF_SetAttrValueProto(desc, cname, unsafe.Pointer(unsafe.SliceData(a.Value)), C.size_t(len(a.Value)), s)
	})
}

// spoil makes sure that a description is refused when it is finished: TensorFlow
// takes no attribute with two values.
func spoil(desc *C.TF_OperationDescription) {
	for _, value := range [][]byte{{0x18, 1}, {0x18, 2}} { // AttrValue{i: 1}, AttrValue{i: 2}
		_ = setAttr(desc, AttrValue{Name: "_spoiled", Value: value})
	}
}

func cOutputs(outputs []Output) []C.TF_Output {
	c := make([]C.TF_Output, len(outputs))
	for i, o := range outputs {
		c[i] = o.c()
	}
	return c
}
