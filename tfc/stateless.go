package tfc

// #include "capi.h"
import "C"

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// mostOps is how many operations stateless looks at. Steps of more take so long
// that what it is there to save does not count.
const mostOps = 256

// stateless reports whether a step for these fetches and targets runs only
// operations without state, which cannot keep what they are fed. False also
// where that is not clear: in a graph of many operations, or where it calls
// functions that have state.
func stateless(fetches []Output, targets []Operation) bool {
	seen := make(map[*C.TF_Operation]bool)
	var todo []Operation
	add := func(op Operation) {
		if !seen[op.c] {
			seen[op.c] = true
			todo = append(todo, op)
		}
	}
	for _, o := range fetches {
		add(o.Op)
	}
	for _, op := range targets {
		add(op)
	}
	for len(todo) > 0 && len(seen) <= mostOps {
		op := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if op.g.isStateful(op.Type()) {
			return false
		}
		for i := range op.NumInputs() {
			in, err := op.Input(i)
			if err != nil {
				return false
			}
			add(in.Op)
		}
		for _, before := range op.ControlInputs() {
			add(before)
		}
	}
	return len(todo) == 0
}

// opTraits are what an op's OpDef says of state.
type opTraits struct {
	stateful bool // it has state, or does something beside giving results
	refs     bool // it takes variables of TensorFlow 1, which it may change
	calls    bool // it calls functions, which attributes name
}

// unknownOp is what there is to fear of an op that has no OpDef.
var unknownOp = opTraits{stateful: true, refs: true, calls: true}

// isStateful reports what the op's OpDef says of it; true where there is none.
func (g *Graph) isStateful(op string) bool { return g.traitsOf(op).stateful }

func (g *Graph) traitsOf(op string) opTraits {
	g.traitsMu.Lock()
	defer g.traitsMu.Unlock()
	t, known := g.traits[op]
	if known {
		return t
	}
	t = unknownOp
	if def, err := g.OpDef(op); err == nil {
		t = readTraits(def)
	}
	if g.traits == nil {
		g.traits = make(map[string]opTraits)
	}
	g.traits[op] = t
	return t
}

// readTraits reads a serialized OpDef.
func readTraits(raw []byte) opTraits {
	var def tfpb.OpDef
	if err := proto.Unmarshal(raw, &def); err != nil {
		return unknownOp
	}
	return opTraits{
		stateful: def.GetIsStateful(),
		refs:     slices.ContainsFunc(def.GetInputArg(), (*tfpb.OpDef_ArgDef).GetIsRef),
		calls: slices.ContainsFunc(def.GetAttr(), func(a *tfpb.OpDef_AttrDef) bool {
			return a.GetType() == "func" || a.GetType() == "list(func)"
		}),
	}
}
