package graph

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// graphDef writes the few GraphDef nodes that tests make by hand.
type graphDef []byte

// node adds an operation with attributes of type DataType.
func (g *graphDef) node(name, op string, inputs []string, types map[string]uint64) {
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
	for key, dt := range types {
		var value, entry []byte
		value = protowire.AppendTag(value, 6, protowire.VarintType) // AttrValue.type
		value = protowire.AppendVarint(value, dt)
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

const dtFloat = 1

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
