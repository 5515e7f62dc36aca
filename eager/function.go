package eager

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"ndflow/ops"
)

// functionDef returns the definition of a function of the context, as that of an
// op that is called like it.
func (c *Context) functionDef(name string) (*ops.Def, error) {
	raw, err := c.c.FunctionDef(name)
	if err != nil {
		return nil, fmt.Errorf("eager: function %q: %w", name, err)
	}
	signature, err := signatureOf(raw)
	if err != nil {
		return nil, fmt.Errorf("eager: function %q: %w", name, err)
	}
	return ops.ParseDef(signature)
}

// signatureOf returns the OpDef in a serialized FunctionDef.
func signatureOf(def []byte) ([]byte, error) {
	const signature = 1 // field number
	for len(def) > 0 {
		field, wire, n := protowire.ConsumeTag(def)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		def = def[n:]
		if field == signature && wire == protowire.BytesType {
			b, n := protowire.ConsumeBytes(def)
			return b, protowire.ParseError(n)
		}
		if n = protowire.ConsumeFieldValue(field, wire, def); n < 0 {
			return nil, protowire.ParseError(n)
		}
		def = def[n:]
	}
	return nil, fmt.Errorf("a FunctionDef without a signature")
}

// similar orders names by how near they are to the given one: those that contain
// it, or are contained, in whatever case, first.
func similar(name string, all []string) []string {
	var near, far []string
	low := strings.ToLower(name)
	for _, n := range all {
		l := strings.ToLower(n)
		if strings.Contains(l, low) || len(l) > 2 && strings.Contains(low, l) {
			near = append(near, n)
		} else {
			far = append(far, n)
		}
	}
	slices.SortStableFunc(near, func(a, b string) int { return len(a) - len(b) })
	return append(near, far...)
}
