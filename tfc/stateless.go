package tfc

// #include "capi.h"
import "C"

import "google.golang.org/protobuf/encoding/protowire"

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

// isStateful reports what the op's OpDef says of it; true where there is none.
func (g *Graph) isStateful(op string) bool {
	g.statefulMu.Lock()
	defer g.statefulMu.Unlock()
	stateful, known := g.stateful[op]
	if known {
		return stateful
	}
	def, err := g.OpDef(op)
	stateful = err != nil || readStateful(def)
	if g.stateful == nil {
		g.stateful = make(map[string]bool)
	}
	g.stateful[op] = stateful
	return stateful
}

// readStateful reads is_stateful of a serialized OpDef; true where the bytes
// are none.
func readStateful(def []byte) bool {
	const isStateful = 17 // field number
	stateful := false
	for len(def) > 0 {
		field, wire, n := protowire.ConsumeTag(def)
		if n < 0 {
			return true
		}
		def = def[n:]
		if field == isStateful && wire == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(def)
			stateful = v != 0
		}
		if n = protowire.ConsumeFieldValue(field, wire, def); n < 0 {
			return true
		}
		def = def[n:]
	}
	return stateful
}
