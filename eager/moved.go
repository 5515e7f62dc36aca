package eager

import (
	"fmt"
	"slices"

	"ndflow/graph"
	"ndflow/internal/pins"
)

// Moved lists the devices that the model's operations ask for and that the context does
// not have. They run elsewhere: see [WithStrictPlacement].
func (m *Model) Moved() []graph.Moved { return slices.Clone(m.moved) }

// settle changes devices that the context does not have in a serialized GraphDef or
// FunctionDef, and lists them: where such a definition calls another, TensorFlow would look
// only at what that call says of soft placement. A strict context refuses them.
func (c *Context) settle(def []byte, change func([]byte, pins.Move) ([]byte, pins.List)) ([]byte, []graph.Moved, error) {
	names := make([]string, len(c.devices))
	for i, d := range c.devices {
		names[i] = d.Name
	}
	def, found := change(def, pins.To(names))
	var moved []graph.Moved
	for _, p := range found.Missing(names) {
		if c.strict {
			return nil, nil, fmt.Errorf("operation %q: %w", p.Node, &graph.NameError{Package: "eager", Kind: "device", Name: p.Device, Have: names})
		}
		moved = append(moved, graph.Moved{Device: p.Device, Operation: p.Node, Operations: p.Nodes})
	}
	return def, moved, nil
}
