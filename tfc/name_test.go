package tfc

import (
	"errors"
	"testing"
)

// TestNamesWithNUL gives every function that takes a name one that C would cut off.
func TestNamesWithNUL(t *testing.T) {
	const nul = "a\x00b"
	g, err := NewGraph()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	c, err := NewEagerContext(EagerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	second := func(_ any, err error) error { return err }
	add := func(d OperationDescription) error { return second(g.Add(d)) }
	for name, err := range map[string]error{
		"op's type":        add(OperationDescription{Type: "NoOp\x00", Name: "a"}),
		"op's device":      add(OperationDescription{Type: "NoOp", Name: "a", Device: nul}),
		"attribute":        add(OperationDescription{Type: "NoOp", Name: "a", Attrs: []AttrValue{{Name: nul, Value: []byte{0x18, 1}}}}),
		"op's definition":  second(g.OpDef("NoOp\x00")),
		"import's prefix":  g.Import(nil, nul),
		"function":         second(g.Function(FunctionDescription{Name: nul})),
		"session's target": second(NewSession(g, SessionOptions{Target: nul})),
		"folder":           second(LoadSavedModel(nul, nil, SessionOptions{})),
		"tag":              second(LoadSavedModel("../testdata/models/add", []string{"serve", nul}, SessionOptions{})),
		"checkpoint":       second(NewCheckpointReader(nul)),
		"eager op":         second(c.NewOp(EagerCall{Op: "NoOp\x00"})),
		"eager device":     second(c.NewOp(EagerCall{Op: "NoOp", Device: nul})),
		"eager attribute":  second(c.NewOp(EagerCall{Op: "NoOp", Attrs: []AttrValue{{Name: nul, Value: []byte{0x18, 1}}}})),
		"function's def":   second(c.FunctionDef(nul)),
		"remove":           c.RemoveFunction(nul),
		"library":          second(open(nul)),
	} {
		if !errors.Is(err, ErrName) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := g.Operation("a\x00"); ok || c.HasFunction("a\x00") {
		t.Error("a name with a NUL was found")
	}
	if err := add(OperationDescription{Type: "NoOp", Name: nul}); err == nil {
		t.Error("op's name: no error")
	}
	for op := range g.Operations() {
		t.Errorf("the graph has an operation %q, want it as it was", op.Name())
	}
}
