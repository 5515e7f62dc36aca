package checkup

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"ndflow/graph"
	"ndflow/npy"
)

// tryOut runs a tiny graph, and returns the devices that it could run on.
func tryOut() ([]graph.Device, error) {
	g, err := graph.New()
	if err != nil {
		return nil, err
	}
	defer g.Close()
	if err := g.Import(squareGraph(), ""); err != nil {
		return nil, err
	}
	s, err := graph.NewSession(g, graph.WithMemoryGrowth())
	if err != nil {
		return nil, err
	}
	defer s.Close()
	x, err := npy.From([]float32{-3, 0, 2.5})
	if err != nil {
		return nil, err
	}
	y, err := s.Eval(context.Background(), "y", graph.Feeds{"x": x})
	if err != nil {
		return nil, err
	}
	got, err := npy.Values[float32](y)
	if err != nil {
		return nil, err
	}
	if len(got) != 3 || got[0] != 9 || got[1] != 0 || got[2] != 6.25 {
		return nil, fmt.Errorf("the squares of -3, 0 and 2.5 came out as %v", got)
	}
	return s.Devices()
}

// squareGraph is a serialized GraphDef with y = Square(x). It is made here, by
// the field numbers of graph.proto, node_def.proto and attr_value.proto, so
// that the check needs no file.
func squareGraph() []byte {
	const float = 1 // DT_FLOAT
	node := func(name, op, input, typeAttr string) []byte {
		value := protowire.AppendVarint(protowire.AppendTag(nil, 6, protowire.VarintType), float) // AttrValue.type
		attr := message(1, []byte(typeAttr), message(2, value))                                   // an entry of the map
		def := message(1, []byte(name), message(2, []byte(op)))
		if input != "" {
			def = append(def, message(3, []byte(input))...)
		}
		return message(1, append(def, message(5, attr)...)) // GraphDef.node
	}
	return append(node("x", "Placeholder", "", "dtype"), node("y", "Square", "x", "T")...)
}

// message is one field of bytes, and what follows it.
func message(field protowire.Number, content []byte, rest ...[]byte) []byte {
	b := protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), content)
	for _, r := range rest {
		b = append(b, r...)
	}
	return b
}
