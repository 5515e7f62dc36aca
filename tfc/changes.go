package tfc

// #include "capi.h"
import "C"

import (
	"fmt"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// body is what a function of a graph's library is made of, by name.
type body struct {
	ops, calls []string
}

// harmless are the ops that TensorFlow calls stateful, or that take a variable of
// TensorFlow 1, and that a step may run once more all the same: they read, they name
// what a step has, they check, they pass on, or what they keep ends with the step.
var harmless = set(
	// Variables that are read.
	"Variable", "VariableV2", "VarHandleOp", "_VarHandlesOp", "ReadVariableOp", "_ReadVariablesOp", "VariableShape",
	"VarIsInitializedOp", "IsVariableInitialized", "ResourceGather", "ResourceGatherNd", "DisableCopyOnRead",
	// Tables that are read.
	"HashTable", "HashTableV2", "MutableHashTable", "MutableHashTableV2", "MutableHashTableOfTensors",
	"MutableHashTableOfTensorsV2", "MutableDenseHashTable", "MutableDenseHashTableV2",
	"LookupTableFind", "LookupTableFindV2", "LookupTableSize", "LookupTableSizeV2", "LookupTableExport", "LookupTableExportV2",
	// Files that are read.
	"Restore", "RestoreSlice", "RestoreV2", "LoadAndRemapMatrix",
	// Checks, and what only passes on.
	"Assert", "CheckNumerics", "CheckNumericsV2", "GuaranteeConst", "DeepCopy", "Empty", "_Arg", "_Retval", "_DeviceArg", "_DeviceRetval",
	"RefEnter", "RefExit", "RefIdentity", "RefMerge", "RefNextIteration", "RefSelect", "RefSwitch",
	// What ends with the step.
	"TemporaryVariable", "DestroyTemporaryVariable",
	"TensorArrayV3", "TensorArrayGradV3", "TensorArrayGradWithShape", "TensorArrayWriteV3", "TensorArrayReadV3", "TensorArrayGatherV3",
	"TensorArrayScatterV3", "TensorArrayConcatV3", "TensorArraySplitV3", "TensorArraySizeV3", "TensorArrayCloseV3",
	"Stack", "StackV2", "StackPush", "StackPushV2", "StackPop", "StackPopV2", "StackClose", "StackCloseV2",
	// What calls functions, which are looked at themselves.
	"StatefulPartitionedCall", "If", "_If", "While", "_While", "Case",
)

func set(names ...string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, name := range names {
		m[name] = true
	}
	return m
}

// Changes returns an op by which a step for these outputs and targets, fed these
// inputs, may change what later steps give, or do something that is seen outside;
// empty where it has none, so that to run the step once more makes no difference. It
// looks into the functions that the step calls. A variable that is assigned is such
// an op, a table that is written, a queue, an iterator, an op of random numbers (whose
// next numbers are others), one that prints, one of Python, and every op with state
// that is not known to be harmless.
func (g *Graph) Changes(outputs []Output, targets []Operation, inputs []Output) (op string, err error) {
	var step body
	for _, o := range Closure(outputs, targets, inputs) {
		kind := o.Type()
		step.ops = append(step.ops, kind)
		if g.traitsOf(kind).calls {
			calls, err := o.calls()
			if err != nil {
				return "", err
			}
			step.calls = append(step.calls, calls...)
		}
	}
	return g.changes(step)
}

// changes is Changes for what is made of ops and functions.
func (g *Graph) changes(b body) (string, error) {
	seen := make(map[string]bool)
	for {
		for _, kind := range b.ops {
			t := g.traitsOf(kind)
			if !t.stateful && !t.refs || harmless[kind] {
				continue
			}
			if !g.isFunction(kind) {
				return kind, nil
			}
			b.calls = append(b.calls, kind)
		}
		todo := slices.DeleteFunc(b.calls, func(name string) bool { return seen[name] })
		if len(todo) == 0 {
			return "", nil
		}
		name := todo[0]
		seen[name] = true
		next, ok, err := g.body(name)
		if err != nil || !ok {
			return name, err // of a function that the library does not have nothing is known
		}
		b = body{ops: next.ops, calls: slices.Concat(todo[1:], next.calls)}
	}
}

func (g *Graph) isFunction(name string) bool {
	_, ok, err := g.body(name)
	return ok && err == nil
}

// body returns what a function is made of. The library is read when a function is asked
// for that was not in it before.
func (g *Graph) body(name string) (b body, ok bool, err error) {
	g.traitsMu.Lock()
	defer g.traitsMu.Unlock()
	if b, ok = g.bodies[name]; ok {
		return b, true, nil
	}
	list, err := g.Functions()
	if err != nil {
		return b, false, err
	}
	if g.bodies == nil {
		g.bodies = make(map[string]body)
	}
	for _, f := range list {
		if err == nil {
			err = g.addBody(f)
		}
		f.Close()
	}
	b, ok = g.bodies[name]
	return b, ok, err
}

func (g *Graph) addBody(f *Function) error {
	name := f.Name()
	if _, ok := g.bodies[name]; ok {
		return nil
	}
	raw, err := f.Def()
	if err != nil {
		return err
	}
	var def tfpb.FunctionDef
	if err := proto.Unmarshal(raw, &def); err != nil {
		return fmt.Errorf("tfc: function %q: %w", name, err)
	}
	ops, calls := make(map[string]bool), make(map[string]bool)
	for _, n := range def.GetNodeDef() {
		ops[n.GetOp()] = true
		addCalls(calls, n.GetAttr())
	}
	g.bodies[name] = body{keys(ops), keys(calls)}
	return nil
}

func keys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// addCalls adds the functions that attributes name.
func addCalls(calls map[string]bool, attrs map[string]*tfpb.AttrValue) {
	add := func(f *tfpb.NameAttrList) {
		if f.GetName() != "" {
			calls[f.GetName()] = true
			addCalls(calls, f.GetAttr())
		}
	}
	for _, v := range attrs {
		add(v.GetFunc())
		for _, f := range v.GetList().GetFunc() {
			add(f)
		}
	}
}

// calls returns the functions that the operation's attributes name.
func (o Operation) calls() ([]string, error) {
	raw, err := o.NodeDef()
	if err != nil {
		return nil, err
	}
	var def tfpb.NodeDef
	if err := proto.Unmarshal(raw, &def); err != nil {
		return nil, fmt.Errorf("tfc: operation %q: %w", o.Name(), err)
	}
	calls := make(map[string]bool)
	addCalls(calls, def.GetAttr())
	return keys(calls), nil
}

// NodeDef returns the operation as a serialized NodeDef (TF_OperationToNodeDef).
func (o Operation) NodeDef() (def []byte, err error) {
	if err := ensureBuild("operations"); err != nil {
		return nil, err
	}
	err = o.g.use(func(*C.TF_Graph) error {
		def, err = fromBuffer(func(b *C.TF_Buffer) error {
			return status(func(s *C.TF_Status) { C.TF_OperationToNodeDef(o.c, b, s) })
		})
		return err
	})
	return def, err
}
