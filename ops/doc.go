// Package ops describes TensorFlow's operations as data: which op, its inputs,
// its attributes. What is so described runs at once where the backend is an
// eager.Context, and becomes a node where it is a graph.Graph; nothing else of a
// program has to differ.
//
// # Calls
//
// A [Call] names an op, its inputs (each one tensor, or a list) and its
// attributes, which [Int], [Type], [Shape] and the like make. A [Backend]
// applies it and returns the op's outputs:
//
//	out, err := g.Apply(&ops.Call[graph.Output]{
//		Op:     "MatMul",
//		Inputs: ops.In(x, w),
//		Attrs:  []ops.Attr{ops.Bool("transpose_b", true)},
//	})
//
// Both backends check a call against the op's [Def] before TensorFlow sees it.
// What is wrong is a [*DefError], which says what was given, what was expected,
// and the op's signature.
//
// # Scopes and wrappers
//
// The packages below this one (ops/math, ops/nn, ...) have a function for each
// op. They take a [Scope], which keeps the first error, so that an expression of
// many ops needs one check at its end:
//
//	s := ops.NewScope(backend)
//	logits := math.Add(s, math.MatMul(s, x, w), b)
//	probs := nn.Softmax(s, logits)
//	if err := s.Err(); err != nil { ... }
//
// Attributes that an op requires are parameters of its function; the others are
// options, and what they are if not given stands in the function's comment. [Const],
// [Value] and [Values] make tensors of what a program has.
//
// Give variables, tables and the like a shared name: TensorFlow takes those of a
// session or a context that have the same one, also an empty one, for one thing.
package ops

//go:generate go run ndflow/internal/opgen .
