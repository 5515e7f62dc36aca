package eager

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ndflow/ops"
)

// JIT makes XLA compile the function, once for each combination of its inputs'
// shapes; calls run what was compiled, on the calling thread. XLA cannot compile
// every op: calls of a function that has such a one fail with [ErrNotCompiled].
func JIT() FunctionOption { return func(o *Op) { o.JIT() } }

// JITIfPossible is [JIT] for functions that XLA can compile. Others run as they do
// without it.
func JITIfPossible() FunctionOption { return func(o *Op) { o.JIT().fallBack = true } }

// mustCompile is TensorFlow's attribute of a call that XLA is to compile.
const mustCompile = "_XlaMustCompile"

// JIT makes XLA compile the function that the op calls; see [JIT].
func (o *Op) JIT() *Op {
	if !o.jit() {
		o.Attr(ops.Bool(mustCompile, true))
	}
	return o
}

func (o *Op) jit() bool {
	return slices.ContainsFunc(o.call.Attrs, func(a ops.Attr) bool { return a.Name() == mustCompile })
}

// failed says in this package's words why a run has failed. Nil means that it is to
// be tried again: XLA cannot compile the function, and need not.
func (o *Op) failed(err error) error {
	failure := o.compileError(err)
	switch {
	case failure == nil:
		return o.explain(err)
	case !o.fallBack:
		return failure
	}
	o.change()
	o.call.Attrs = slices.DeleteFunc(o.call.Attrs, func(a ops.Attr) bool { return a.Name() == mustCompile })
	return nil
}

// unsupported finds the ops in what TensorFlow says of a function that XLA cannot
// compile.
var unsupported = regexp.MustCompile(`(\w+) \(No registered '(\w+)' OpKernel`)

// compileError returns an error that names the ops which XLA cannot compile; nil
// where that is not why the op has failed.
func (o *Op) compileError(err error) error {
	text := err.Error()
	if !o.jit() || !strings.Contains(text, "tf2xla conversion failed") {
		return nil
	}
	var names []string
	for _, m := range unsupported.FindAllStringSubmatch(text, -1) {
		if name := m[1]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return fmt.Errorf("eager: %s: %w: %w", o.label(), ErrNotCompiled, err)
	}
	for i, name := range names {
		switch name { // what a function's own ends are called
		case "_Arg":
			names[i] = "an input of its type"
		case "_Retval":
			names[i] = "an output of its type"
		}
	}
	return fmt.Errorf("eager: %s: %w: it has no %s; JITIfPossible runs such functions without it: %w", o.label(), ErrNotCompiled, strings.Join(names, ", "), err)
}
