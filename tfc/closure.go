package tfc

// Closure returns the operations that must run to make the outputs and to run the
// targets, without those that make the given inputs, in no particular order.
func Closure(outputs []Output, targets []Operation, inputs []Output) []Operation {
	seen := make(map[Operation]bool)
	for _, in := range inputs {
		seen[in.Op] = true
	}
	var todo, list []Operation
	add := func(op Operation) {
		if !seen[op] {
			seen[op] = true
			todo = append(todo, op)
		}
	}
	for _, o := range outputs {
		add(o.Op)
	}
	for _, op := range targets {
		add(op)
	}
	for len(todo) > 0 {
		op := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		list = append(list, op)
		for i := range op.NumInputs() {
			if in, err := op.Input(i); err == nil {
				add(in.Op)
			}
		}
		for _, before := range op.ControlInputs() {
			add(before)
		}
	}
	return list
}
