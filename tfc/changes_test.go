package tfc

import "testing"

// TestChanges asks about steps of every kind that there is.
func TestChanges(t *testing.T) {
	g, err := NewGraph()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	g.bodies = map[string]body{
		"pure":       {ops: []string{"AddV2", "Const"}},
		"reads":      {ops: []string{"ReadVariableOp", "LookupTableFindV2"}},
		"counts":     {ops: []string{"ReadVariableOp", "AssignAddVariableOp"}},
		"deep":       {ops: []string{"StatefulPartitionedCall"}, calls: []string{"pure", "deeper"}},
		"deeper":     {ops: []string{"If", "PartitionedCall"}, calls: []string{"reads", "counts"}},
		"loop":       {ops: []string{"While"}, calls: []string{"loop", "pure"}},
		"by name":    {ops: []string{"AddV2", "counts"}},
		"harmlessly": {ops: []string{"AddV2", "reads"}},
	}
	for _, c := range []struct {
		name string
		step body
		want string
	}{
		{"nothing", body{}, ""},
		{"no state", body{ops: []string{"AddV2", "MatMul", "StatelessRandomUniform"}}, ""},
		{"a variable that is read", body{ops: []string{"VarHandleOp", "ReadVariableOp", "ResourceGather"}}, ""},
		{"a variable of TensorFlow 1", body{ops: []string{"VariableV2", "Identity"}}, ""},
		{"one that is assigned", body{ops: []string{"VariableV2", "AssignAdd"}}, "AssignAdd"},
		{"one that is counted up", body{ops: []string{"CountUpTo"}}, "CountUpTo"},
		{"a table that is written", body{ops: []string{"MutableHashTableV2", "LookupTableInsertV2"}}, "LookupTableInsertV2"},
		{"a queue", body{ops: []string{"QueueDequeueV2"}}, "QueueDequeueV2"},
		{"an iterator", body{ops: []string{"IteratorGetNext"}}, "IteratorGetNext"},
		{"random numbers", body{ops: []string{"RandomUniform"}}, "RandomUniform"},
		{"a generator", body{ops: []string{"StatefulUniform"}}, "StatefulUniform"},
		{"prints", body{ops: []string{"PrintV2"}}, "PrintV2"},
		{"Python", body{ops: []string{"EagerPyFunc"}}, "EagerPyFunc"},
		{"writes a file", body{ops: []string{"WriteFile"}}, "WriteFile"},
		{"an accumulator", body{ops: []string{"AccumulatorApplyGradient"}}, "AccumulatorApplyGradient"},
		{"arrays of a loop", body{ops: []string{"TensorArrayV3", "TensorArrayWriteV3"}}, ""},
		{"an op that is not known", body{ops: []string{"OfNobody"}}, "OfNobody"},
		{"a function with no state", body{ops: []string{"PartitionedCall"}, calls: []string{"pure"}}, ""},
		{"one that reads", body{ops: []string{"StatefulPartitionedCall"}, calls: []string{"reads"}}, ""},
		{"one that counts", body{ops: []string{"StatefulPartitionedCall"}, calls: []string{"pure", "counts"}}, "AssignAddVariableOp"},
		{"far below", body{ops: []string{"PartitionedCall"}, calls: []string{"deep"}}, "AssignAddVariableOp"},
		{"one that calls itself", body{calls: []string{"loop"}}, ""},
		{"as an op", body{ops: []string{"counts"}}, "AssignAddVariableOp"},
		{"as an op, below", body{calls: []string{"by name"}}, "AssignAddVariableOp"},
		{"as an op, reading", body{calls: []string{"harmlessly"}}, ""},
		{"a function that is missing", body{calls: []string{"missing"}}, "missing"},
	} {
		if got, err := g.changes(c.step); err != nil || got != c.want {
			t.Errorf("%s: changed by %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

// TestHarmlessExist sees that each is an op of the library, but for those that only it
// itself makes.
func TestHarmlessExist(t *testing.T) {
	g, err := NewGraph()
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for op := range harmless {
		if _, err := g.OpDef(op); err != nil {
			t.Errorf("harmless: %s: %v", op, err)
		} else if tr := g.traitsOf(op); !tr.stateful && !tr.refs {
			t.Errorf("harmless: %s has no state anyway", op)
		}
	}
}
