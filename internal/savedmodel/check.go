package savedmodel

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"ndflow/internal/tfpb"
)

// TensorFlow trusts the graphs that it is given in some things, and ends the process
// where they are not so. These are looked at first, in the serialized form, so that a
// graph of any size is gone through without a copy.

// mostDims is what a tensor's shape can have.
const mostDims = 254

// CheckGraph looks whether a serialized GraphDef has what would end the process: tensors
// whose shapes cannot be, and functions that call themselves, at once or through others.
// What is no GraphDef, or has other faults, is for others to find.
func CheckGraph(def []byte) error {
	c := graphCheck{calls: make(map[string][]string)}
	each(def, func(field protowire.Number, v []byte) {
		switch field {
		case 1:
			c.node(v, "")
		case 2:
			each(v, func(field protowire.Number, v []byte) {
				if field == 1 {
					c.function(v)
				}
			})
		}
	})
	if c.err != nil {
		return c.err
	}
	return c.cycle()
}

// each calls use for the fields of a message that have a length, which all messages and
// texts are. It ends where the message makes no sense.
func each(message []byte, use func(field protowire.Number, value []byte)) {
	for len(message) > 0 {
		field, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return
		}
		message = message[n:]
		if kind == protowire.BytesType {
			v, n := protowire.ConsumeBytes(message)
			if n < 0 {
				return
			}
			use(field, v)
			message = message[n:]
			continue
		}
		if n = protowire.ConsumeFieldValue(field, kind, message); n < 0 {
			return
		}
		message = message[n:]
	}
}

// DefaultOp is the op of an input that has a default.
const DefaultOp = "PlaceholderWithDefault"

// Defaults lists the nodes of a serialized GraphDef that are inputs with defaults.
func Defaults(def []byte) map[string]bool {
	names := make(map[string]bool)
	each(def, func(field protowire.Number, v []byte) {
		if name, op := nodeHead(v); field == 1 && string(op) == DefaultOp {
			names[string(name)] = true
		}
	})
	return names
}

// nodeHead is the name and the op of a NodeDef.
func nodeHead(def []byte) (name, op []byte) {
	each(def, func(field protowire.Number, v []byte) {
		switch field {
		case 1:
			name = v
		case 2:
			op = v
		}
	})
	return name, op
}

type graphCheck struct {
	calls map[string][]string // by function: those that each call of it calls
	err   error               // the first that was found
}

func (c *graphCheck) function(def []byte) {
	name := ""
	each(def, func(field protowire.Number, v []byte) {
		if field == 1 { // the signature, an OpDef
			each(v, func(field protowire.Number, v []byte) {
				if field == 1 {
					name = string(v)
				}
			})
		}
	})
	c.calls[name] = slices.Clip(c.calls[name]) // it is there, also where it calls nothing
	each(def, func(field protowire.Number, v []byte) {
		if field == 3 {
			c.node(v, name)
		}
	})
}

// node looks at a node of the graph, or of a function.
func (c *graphCheck) node(def []byte, function string) {
	name, op := nodeHead(def)
	if function != "" {
		c.call(function, string(op))
	}
	always := string(op) == "PartitionedCall" || string(op) == "StatefulPartitionedCall"
	each(def, func(field protowire.Number, v []byte) {
		if field != 5 {
			return
		}
		each(v, func(field protowire.Number, v []byte) { // an entry of the map of attributes
			if field == 2 {
				c.attr(v, name, function, always)
			}
		})
	})
}

// attr looks at an AttrValue. What an op that is no call does with a function, such as a
// branch of an If, need not end up in that function.
func (c *graphCheck) attr(value, node []byte, function string, always bool) {
	each(value, func(field protowire.Number, v []byte) {
		switch field {
		case 1: // a list
			each(v, func(field protowire.Number, v []byte) {
				if field == 8 {
					c.tensor(v, node)
				}
			})
		case 8:
			c.tensor(v, node)
		case 10:
			each(v, func(field protowire.Number, v []byte) {
				if field == 1 && function != "" && always {
					c.call(function, string(v))
				}
			})
		}
	})
}

func (c *graphCheck) call(from, to string) {
	if !slices.Contains(c.calls[from], to) {
		c.calls[from] = append(c.calls[from], to)
	}
}

// tensor looks at the shape of a TensorProto.
func (c *graphCheck) tensor(def, node []byte) {
	each(def, func(field protowire.Number, v []byte) {
		if field != 2 || c.err != nil {
			return
		}
		dims, elements := 0, int64(1)
		each(v, func(field protowire.Number, v []byte) {
			if field != 2 {
				return
			}
			dims++
			size := dimension(v)
			switch {
			case size < 0:
				c.err = fmt.Errorf("the graph is %w: %q has a tensor with a dimension of %d", ErrDamaged, node, size)
			case size > 0 && elements > math.MaxInt64/size:
				c.err = fmt.Errorf("the graph is %w: %q has a tensor with more elements than can be", ErrDamaged, node)
			default:
				elements *= size
			}
		})
		if dims > mostDims {
			c.err = fmt.Errorf("the graph is %w: %q has a tensor of %d dimensions, more than %d", ErrDamaged, node, dims, mostDims)
		}
	})
}

// dimension is the size in a TensorShapeProto's dimension.
func dimension(def []byte) int64 {
	size := int64(0)
	for len(def) > 0 {
		field, kind, n := protowire.ConsumeTag(def)
		if n < 0 {
			return size
		}
		def = def[n:]
		if n = protowire.ConsumeFieldValue(field, kind, def); n < 0 {
			return size
		}
		if field == 1 && kind == protowire.VarintType {
			v, _ := protowire.ConsumeVarint(def)
			size = int64(v)
		}
		def = def[n:]
	}
	return size
}

// cycle looks for a function that calls itself.
func (c *graphCheck) cycle() error {
	const begun, done = 1, 2
	state := make(map[string]int, len(c.calls))
	var path []string
	var visit func(name string) error
	visit = func(name string) error {
		switch state[name] {
		case done:
			return nil
		case begun:
			at := slices.Index(path, name)
			return fmt.Errorf("the graph is %w: functions call themselves without end: %q", ErrDamaged, append(path[at:len(path):len(path)], name))
		}
		calls, ok := c.calls[name]
		if !ok {
			return nil // an op
		}
		state[name] = begun
		path = append(path, name)
		for _, to := range calls {
			if err := visit(to); err != nil {
				return err
			}
		}
		path = path[:len(path)-1]
		state[name] = done
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(c.calls)) {
		if err := visit(name); err != nil {
			return err
		}
	}
	return nil
}

// checkSignatures looks at the shapes of what signatures take and make.
func checkSignatures(meta *tfpb.MetaGraphDef) error {
	for name, s := range meta.GetSignatureDef() {
		for _, infos := range []map[string]*tfpb.TensorInfo{s.GetInputs(), s.GetOutputs()} {
			for port, info := range infos {
				if rank := len(info.GetTensorShape().GetDim()); rank > mostDims {
					return fmt.Errorf("signature %q is %w: %q has %d dimensions, more than %d", name, ErrDamaged, port, rank, mostDims)
				}
			}
		}
	}
	return nil
}
