package graph

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// graphDef writes the few GraphDef nodes that tests make by hand.
type graphDef []byte

// anyShape is an attribute's value, a shape of unknown rank.
const anyShape = 1 << 32

// node adds an operation with attributes that are a DataType or anyShape.
func (g *graphDef) node(name, op string, inputs []string, attrs map[string]uint64) {
	var n []byte
	text := func(field protowire.Number, s string) {
		n = protowire.AppendTag(n, field, protowire.BytesType)
		n = protowire.AppendString(n, s)
	}
	text(1, name)
	text(2, op)
	for _, in := range inputs {
		text(3, in)
	}
	for key, attr := range attrs {
		var value, entry []byte
		if attr == anyShape {
			value = protowire.AppendTag(value, 7, protowire.BytesType) // AttrValue.shape
			value = protowire.AppendBytes(value, []byte{3 << 3, 1})    // unknown_rank
		} else {
			value = protowire.AppendTag(value, 6, protowire.VarintType) // AttrValue.type
			value = protowire.AppendVarint(value, attr)
		}
		entry = protowire.AppendTag(entry, 1, protowire.BytesType)
		entry = protowire.AppendString(entry, key)
		entry = protowire.AppendTag(entry, 2, protowire.BytesType)
		entry = protowire.AppendBytes(entry, value)
		n = protowire.AppendTag(n, 5, protowire.BytesType)
		n = protowire.AppendBytes(n, entry)
	}
	*g = protowire.AppendTag(*g, 1, protowire.BytesType)
	*g = protowire.AppendBytes(*g, n)
}

const (
	dtFloat = 1
	dtBool  = 10
)

// storesIfTold is a graph that doubles x and, in the target store, assigns x to
// a variable if the input told is true.
func storesIfTold() []byte {
	var g graphDef
	t := map[string]uint64{"T": dtFloat}
	g.node("x", "Placeholder", nil, map[string]uint64{"dtype": dtFloat})
	g.node("told", "Placeholder", nil, map[string]uint64{"dtype": dtBool})
	g.node("twice", "AddV2", []string{"x", "x"}, t)
	g.node("if", "Switch", []string{"x", "told"}, t)
	g.node("variable", "VarHandleOp", nil, map[string]uint64{"dtype": dtFloat, "shape": anyShape})
	g.node("store", "AssignVariableOp", []string{"variable", "if:1"}, map[string]uint64{"dtype": dtFloat})
	g.node("read", "ReadVariableOp", []string{"variable"}, map[string]uint64{"dtype": dtFloat})
	return g
}

// eightInputs is a graph that adds eight placeholders.
func eightInputs() (inputs []string, def []byte) {
	var g graphDef
	sum := ""
	for i := range 8 {
		name := fmt.Sprintf("in%d", i)
		inputs = append(inputs, name)
		g.node(name, "Placeholder", nil, map[string]uint64{"dtype": dtFloat})
		switch {
		case i == 0:
			sum = name
		case i < 7:
			g.node(fmt.Sprintf("sum%d", i), "AddV2", []string{sum, name}, map[string]uint64{"T": dtFloat})
			sum = fmt.Sprintf("sum%d", i)
		default:
			g.node("sum", "AddV2", []string{sum, name}, map[string]uint64{"T": dtFloat})
		}
	}
	return inputs, g
}
