package tfc

import "testing"

func TestStateless(t *testing.T) {
	for _, c := range []struct {
		model, op string
		want      bool
	}{
		{"add", "sum", true},
		{"passthrough_v1", "twice", true},
		{"constant_v1", "variable", false},
		{"assign", "StatefulPartitionedCall", false}, // calls a function that has state
		{"strings", "StatefulPartitionedCall", false},
		{"v1", "y", false}, // reads a variable, far back
	} {
		s, err := LoadSavedModel("../testdata/models/"+c.model, []string{"serve"}, SessionOptions{})
		if err != nil {
			t.Fatal(err)
		}
		op, ok := s.Graph().Operation(c.op)
		if !ok {
			t.Fatalf("%s has no operation %q", c.model, c.op)
		}
		for range 2 { // the second time from what the graph remembers
			if got := stateless([]Output{{Op: op}}, nil); got != c.want {
				t.Errorf("%s, fetching %s: stateless is %v", c.model, c.op, got)
			}
			if got := stateless(nil, []Operation{op}); got != c.want {
				t.Errorf("%s, targeting %s: stateless is %v", c.model, c.op, got)
			}
		}
		s.Close()
		s.Graph().Close()
	}
	for name, def := range map[string][]byte{
		"no flag":        {0x0a, 1, 'A'},
		"flag is false":  {0x88, 1, 0},
		"flag":           {0x0a, 1, 'A', 0x88, 1, 1},
		"cut off":        {0x0a, 5, 'A'},
		"not a protobuf": {0xff},
	} {
		want := name != "no flag" && name != "flag is false"
		if got := readTraits(def).stateful; got != want {
			t.Errorf("OpDef with %s: stateful is %v", name, got)
		}
	}
}
