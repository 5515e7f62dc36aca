package tfc

// #include <stdlib.h>
// #include "capi.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"
)

// Function is a TF_Function: a graph with inputs and outputs that can be called
// as an op. Graphs and eager contexts take copies of it.
type Function struct {
	mu      sync.RWMutex   // held for reading while C uses c
	c       *C.TF_Function // nil once closed
	cleanup runtime.Cleanup
}

// FunctionDescription says what of a graph becomes a function.
type FunctionDescription struct {
	Name    string
	Ops     []Operation // its body; nil for all of the graph but what makes the inputs
	Inputs  []Output    // each of an operation with one output, most often a placeholder
	Outputs []Output

	// OutputNames are the names of the outputs, "[a-z][a-z0-9_]*". Without
	// them TensorFlow makes some up.
	OutputNames []string

	// Control are operations that a call runs whether or not an output needs
	// them, with names where ControlNames has some.
	Control      []Operation
	ControlNames []string
}

// Function makes a function of the graph
// (TF_GraphToFunctionWithControlOutputs).
func (g *Graph) Function(d FunctionDescription) (*Function, error) {
	if err := ensureBuild("functions"); err != nil {
		return nil, err
	}
	if err := g.checkFunction(&d); err != nil {
		return nil, err
	}
	cname, err := cName(d.Name)
	if err != nil {
		return nil, err
	}
	defer freeName(cname)
	inputs, outputs := cOutputs(d.Inputs), cOutputs(d.Outputs)
	ops, numOps := cOperations(d.Ops), C.int(-1) // -1: all of them
	if d.Ops != nil {
		numOps = C.int(len(ops))
	}
	control := cOperations(d.Control)
	outputNames, freeOutputNames, err := cNames(d.OutputNames)
	if err != nil {
		return nil, err
	}
	defer freeOutputNames()
	controlNames, freeControlNames, err := cNames(d.ControlNames)
	if err != nil {
		return nil, err
	}
	defer freeControlNames()
	var f *C.TF_Function
	err = g.use(func(c *C.TF_Graph) error {
		return status(func(s *C.TF_Status) {
			f = C.TF_GraphToFunctionWithControlOutputs(c, cname, 0, numOps, ptr(ops),
				C.int(len(inputs)), ptr(inputs), C.int(len(outputs)), ptr(outputs), ptr(outputNames),
				C.int(len(control)), ptr(control), ptr(controlNames), nil, nil, s)
		})
	})
	if err != nil {
		return nil, fmt.Errorf("tfc: function %q: %w", d.Name, err)
	}
	return ownFunction(f), nil
}

// checkFunction finds what TensorFlow would take for granted.
func (g *Graph) checkFunction(d *FunctionDescription) error {
	fail := func(err error) error { return fmt.Errorf("tfc: function %q: %w", d.Name, err) }
	if d.OutputNames != nil && len(d.OutputNames) != len(d.Outputs) {
		return fail(fmt.Errorf("have %d names for %d outputs", len(d.OutputNames), len(d.Outputs)))
	}
	if d.ControlNames != nil && len(d.ControlNames) != len(d.Control) {
		return fail(fmt.Errorf("have %d names for %d control outputs", len(d.ControlNames), len(d.Control)))
	}
	for _, list := range [][]Output{d.Inputs, d.Outputs} {
		if err := g.own(list...); err != nil {
			return fail(err)
		}
	}
	for _, list := range [][]Operation{d.Ops, d.Control} {
		for _, op := range list {
			if op.c == nil || op.g != g {
				return fail(fmt.Errorf("operation %q: %w", op.name(), ErrForeign))
			}
		}
	}
	return nil
}

// ImportFunction returns the function of a serialized FunctionDef
// (TF_FunctionImportFunctionDef).
func ImportFunction(def []byte) (*Function, error) {
	if err := ensureBuild("functions"); err != nil {
		return nil, err
	}
	var f *C.TF_Function
	err := status(func(s *C.TF_Status) {
		f = C.TF_FunctionImportFunctionDef(unsafe.Pointer(unsafe.SliceData(def)), C.size_t(len(def)), s)
	})
	if err != nil {
		return nil, fmt.Errorf("tfc: function: %w", err)
	}
	return ownFunction(f), nil
}

// CopyFunction adds a copy of f to the graph's library (TF_GraphCopyFunction),
// so that operations can call it. That the graph has it already is no error;
// that it has another of the same name is one.
func (g *Graph) CopyFunction(f *Function) error {
	return f.use(func(fc *C.TF_Function) error {
		return g.use(func(c *C.TF_Graph) error {
			return status(func(s *C.TF_Status) { C.TF_GraphCopyFunction(c, fc, nil, s) })
		})
	})
}

// Functions returns copies of the functions in the graph's library
// (TF_GraphGetFunctions), for the caller to close.
func (g *Graph) Functions() ([]*Function, error) {
	if err := ensureBuild("functions"); err != nil {
		return nil, err
	}
	var list []*Function
	err := g.use(func(c *C.TF_Graph) error {
		cs := make([]*C.TF_Function, C.TF_GraphNumFunctions(c))
		n := C.int(0)
		err := status(func(s *C.TF_Status) { n = C.TF_GraphGetFunctions(c, ptr(cs), C.int(len(cs)), s) })
		for _, fc := range cs[:n] {
			list = append(list, ownFunction(fc))
		}
		return err
	})
	return list, err
}

func ownFunction(c *C.TF_Function) *Function {
	f := &Function{c: c}
	f.cleanup = runtime.AddCleanup(f, freeFunction, c)
	objects.Add("function", 1)
	return f
}

func freeFunction(c *C.TF_Function) {
	C.TF_DeleteFunction(c)
	objects.Add("function", -1)
}

// Close gives the function back. Graphs and contexts that have a copy keep it.
func (f *Function) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.c != nil {
		f.cleanup.Stop()
		freeFunction(f.c)
		f.c = nil
	}
}

// use calls f while the function cannot be closed.
func (f *Function) use(call func(*C.TF_Function) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.c == nil {
		return fmt.Errorf("tfc: function: %w", ErrClosed)
	}
	return call(f.c)
}

// Name returns the name that it is called by; empty once it is closed.
func (f *Function) Name() (name string) {
	f.use(func(c *C.TF_Function) error { name = C.GoString(C.TF_FunctionName(c)); return nil })
	return name
}

// Def returns the function as a serialized FunctionDef
// (TF_FunctionToFunctionDef).
func (f *Function) Def() (def []byte, err error) {
	err = f.use(func(c *C.TF_Function) error {
		def, err = fromBuffer(func(b *C.TF_Buffer) error {
			return status(func(s *C.TF_Status) { C.TF_FunctionToFunctionDef(c, b, s) })
		})
		return err
	})
	return def, err
}

func cOperations(ops []Operation) []*C.TF_Operation {
	c := make([]*C.TF_Operation, len(ops))
	for i, op := range ops {
		c[i] = op.c
	}
	return c
}
