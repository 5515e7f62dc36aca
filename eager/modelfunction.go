package eager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"ndflow/graph"
	"ndflow/internal/savedmodel"
	"ndflow/npy"
)

// ErrNoOverload: a function was made into nothing that takes these arguments.
var ErrNoOverload = errors.New("no overload takes these arguments")

// Functions lists the functions among the objects that the model was saved from, beside
// its signatures: tf.functions that were called, or that have an input signature, before
// the model was saved. Their overloads are in the order in which they are tried.
func (m *Model) Functions() []graph.SavedFunction {
	list := make([]graph.SavedFunction, len(m.functions))
	for i, f := range m.functions {
		list[i].Path = f.path
		for _, o := range f.overloads {
			list[i].Overloads = append(list[i].Overloads, o.describe())
		}
	}
	return list
}

func (o *overload) describe() graph.Overload {
	from := graph.Overload{Inputs: slices.Clone(o.call.Inputs), Outputs: slices.Clone(o.call.Outputs), Signature: o.saved.Signature, Problem: o.sig.spec.Problem, Values: make(map[string]any)}
	for _, specs := range [][]graph.Spec{from.Inputs, from.Outputs} {
		for i := range specs {
			specs[i].Tensor = "" // of a graph that nobody sees
		}
	}
	for _, v := range o.saved.Values {
		from.Values[v.Path] = v.Value
		if text, ok := v.Value.(savedmodel.Opaque); ok {
			from.Values[v.Path] = string(text)
		}
	}
	return from
}

// CallFunction calls a function among the objects that the model was saved from, by its
// path: "encode" for what is model.encode in Python, which may be written here as well.
// Arguments go by name, as [graph.Overload] has it. Those that are tensors are given as a
// *Tensor of the model's context, as a *npy.Array, or as a number, a bool or a string for
// a scalar; others as what they are: nil, a bool, a number or a string. What is not given
// is the parameter's default.
//
// The overload is chosen as in Python: the first, in the order in which the model has
// them, whose tensors have the dtypes and shapes of those that are given, and whose other
// arguments are equal to those given; or else the first that takes numbers, bools and
// strings as tensors. Where there is none it is an [ErrNoOverload]. The results stay on
// the device where they were made, and the caller closes them; there are none where the
// function returns none.
func (m *Model) CallFunction(ctx context.Context, path string, args map[string]any) (map[string]*Tensor, error) {
	if m.closed.Load() {
		return nil, m.errClosed()
	}
	f := m.function(path)
	if f == nil {
		e := &graph.NameError{Package: "eager", Kind: "function", Name: path}
		for _, f := range m.functions {
			e.Have = append(e.Have, f.path)
		}
		return nil, e
	}
	o, inputs, err := m.choose(f, args)
	if err != nil {
		return nil, err
	}
	if o.sig.err != nil {
		return nil, o.sig.err
	}
	c, err := m.takeOf(ctx, o.sig)
	if err != nil {
		return nil, err
	}
	defer c.give()
	for name, v := range inputs {
		switch v := v.(type) {
		case *Tensor:
			err = c.Input(name, v)
		case *npy.Array:
			err = c.Feed(name, v)
		}
		if err != nil {
			return nil, err
		}
	}
	return c.Run(ctx)
}

// function finds a function by its path; nil where there is none.
func (m *Model) function(path string) *savedFunction {
	for _, name := range []string{path, strings.TrimPrefix(path, "model.")} {
		if i := slices.IndexFunc(m.functions, func(f *savedFunction) bool { return f.path == name }); i >= 0 {
			return m.functions[i]
		}
	}
	return nil
}

// choose returns the overload that takes the arguments, and those of them that are
// tensors.
func (m *Model) choose(f *savedFunction, args map[string]any) (*overload, map[string]any, error) {
	for _, convert := range []bool{false, true} {
		for _, o := range f.overloads {
			inputs, err := m.match(o, args, convert)
			if err == nil {
				return o, inputs, nil
			}
			if convert && len(f.overloads) == 1 {
				return nil, nil, fmt.Errorf("%w; function %q: %w", err, f.path, ErrNoOverload)
			}
		}
	}
	var have []string
	for _, o := range f.overloads {
		have = append(have, f.path+o.describe().String())
	}
	return nil, nil, fmt.Errorf("eager: function %q: %w: %s; there are: %s", f.path, ErrNoOverload, describeArgs(args), strings.Join(have, "; "))
}

// match says why an overload does not take the arguments, or returns its inputs.
func (m *Model) match(o *overload, args map[string]any, convert bool) (map[string]any, error) {
	rest := maps.Clone(args)
	take := func(name string) (any, bool) {
		if v, ok := rest[name]; ok {
			delete(rest, name)
			return plainValue(v), true
		}
		for _, d := range o.saved.Defaults {
			if d.Path == name {
				return d.Value, true
			}
		}
		return nil, false
	}
	inputs := make(map[string]any)
	for _, spec := range o.call.Inputs {
		v, ok := take(spec.Name)
		if !ok {
			return nil, fmt.Errorf("eager: input %q (%v) is %w", spec.Name, spec, graph.ErrNotFed)
		}
		in, err := m.input(spec, v, convert)
		if err != nil {
			return nil, err
		}
		inputs[spec.Name] = in
	}
	for _, want := range o.saved.Values {
		if v, ok := take(want.Path); !ok || !equalValues(v, want.Value) {
			return nil, fmt.Errorf("eager: argument %q: have %v, want %v", want.Path, v, want.Value)
		}
	}
	for name := range rest {
		return nil, &graph.NameError{Package: "eager", Kind: "argument", Name: name, Have: o.names()}
	}
	return inputs, nil
}

// names lists the arguments.
func (o *overload) names() (list []string) {
	for _, in := range o.call.Inputs {
		list = append(list, in.Name)
	}
	for _, v := range o.saved.Values {
		list = append(list, v.Path)
	}
	return list
}

// input returns an argument as the *Tensor or *npy.Array that it is, or a scalar that it
// is converted to.
func (m *Model) input(spec graph.Spec, v any, convert bool) (any, error) {
	switch v := v.(type) {
	case *Tensor:
		return v, m.ctx.accepts(spec, v)
	case *npy.Array:
		return v, accepts("input", spec, v)
	}
	if a := scalarOf(spec.DType, v); convert && a != nil {
		return a, accepts("input", spec, a)
	}
	return nil, fmt.Errorf("eager: input %q: have %T, want a tensor, %v", spec.Name, v, spec)
}

// plainValue is a number in the one type that it has among a model's values.
func plainValue(v any) any {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return r.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n := r.Uint(); n <= math.MaxInt64 {
			return int64(n)
		}
	case reflect.Float32, reflect.Float64:
		return r.Float()
	case reflect.Bool:
		return r.Bool()
	case reflect.String:
		return r.String()
	}
	return v
}

// equalValues reports whether Python would call two values equal.
func equalValues(a, b any) bool {
	n, isInt := a.(int64)
	f, isFloat := b.(float64)
	if isInt && isFloat {
		return float64(n) == f
	}
	if f, isFloat = a.(float64); isFloat {
		if n, isInt = b.(int64); isInt {
			return float64(n) == f
		}
	}
	return reflect.DeepEqual(a, b)
}

// scalarOf is a value as a scalar of the dtype; nil where it is none of those that
// Python would take for one.
func scalarOf(dtype npy.DType, v any) *npy.Array {
	n, isInt := v.(int64)
	f, isFloat := v.(float64)
	if isInt {
		f, isFloat = float64(n), true
	}
	switch dtype {
	case npy.Float32:
		if isFloat {
			return npy.Scalar(float32(f))
		}
	case npy.Float64:
		if isFloat {
			return npy.Scalar(f)
		}
	case npy.Int32:
		if isInt && n == int64(int32(n)) {
			return npy.Scalar(int32(n))
		}
	case npy.Int64:
		if isInt {
			return npy.Scalar(n)
		}
	case npy.Bool:
		if b, ok := v.(bool); ok {
			return npy.Scalar(b)
		}
	case npy.String:
		if s, ok := v.(string); ok {
			return npy.Scalar(s)
		}
	}
	return nil
}

func describeArgs(args map[string]any) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(args)) {
		switch v := args[name].(type) {
		case *Tensor:
			dtype, _ := v.DType()
			shape, _ := v.Shape()
			list = append(list, fmt.Sprintf("%s %v %v", name, dtype, shape))
		case *npy.Array:
			list = append(list, fmt.Sprintf("%s %v %v", name, v.DType(), v.Shape()))
		default:
			list = append(list, fmt.Sprintf("%s=%v", name, v))
		}
	}
	return "have (" + strings.Join(list, ", ") + ")"
}
