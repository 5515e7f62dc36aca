package ops

// Call is one use of an op: the op's name, its inputs in the order of its
// signature, and the attributes that are to be other than their default. T is
// what stands for a tensor: *eager.Tensor, or graph.Output.
type Call[T any] struct {
	Op     string
	Name   string // of the node in a graph, made unique there; empty for the op's name
	Inputs []Input[T]
	Attrs  []Attr
	Device string // where it is to run, "GPU:0"; empty for anywhere

	// Control are tensors that must have been made before the op runs, for
	// their side effects. Only a graph needs them: eager ops run in order.
	Control []T
}

// Input is an input of an op: one tensor, or a list.
type Input[T any] struct {
	one  T
	many []T
	list bool
}

// One is an input of a single tensor.
func One[T any](t T) Input[T] { return Input[T]{one: t} }

// List is an input that is a list of tensors. The slice is kept, not copied.
func List[T any](ts ...T) Input[T] { return Input[T]{many: ts, list: true} }

// In makes each tensor an input of its own.
func In[T any](ts ...T) []Input[T] {
	inputs := make([]Input[T], len(ts))
	for i := range ts {
		inputs[i] = One(ts[i])
	}
	return inputs
}

// IsList reports whether the input is a list.
func (in *Input[T]) IsList() bool { return in.list }

// Len returns the number of tensors, 1 where the input is not a list.
func (in *Input[T]) Len() int {
	if in.list {
		return len(in.many)
	}
	return 1
}

// At returns tensor number i.
func (in *Input[T]) At(i int) T {
	if in.list {
		return in.many[i]
	}
	return in.one
}

// Set puts another tensor in the place of number i.
func (in *Input[T]) Set(i int, t T) {
	if in.list {
		in.many[i] = t
	} else {
		in.one = t
	}
}

// Arities describes the inputs for [Def.Check]. typeOf returns TensorFlow's name
// of a tensor's type; it may be nil, and types are not checked then.
func (c *Call[T]) Arities(typeOf func(T) string) []InputArity {
	arities := make([]InputArity, len(c.Inputs))
	for i := range c.Inputs {
		in := &c.Inputs[i]
		a := InputArity{List: in.list, Len: in.Len()}
		if typeOf != nil {
			a.Types = make([]string, a.Len)
			for j := range a.Types {
				a.Types[j] = typeOf(in.At(j))
			}
		}
		arities[i] = a
	}
	return arities
}

// Backend applies calls: an eager.Context runs them at once, a graph.Graph adds
// them as operations.
type Backend[T any] interface {
	// Apply returns the op's outputs, lists flattened. For an op without
	// outputs a graph returns one value that stands for the operation, for
	// Call.Control; others return none.
	Apply(*Call[T]) ([]T, error)
}
