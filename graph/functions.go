package graph

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/tfc"
)

// SavedFunction is a function that belongs to an object which a model was saved from:
// model.encode in Python. Only eager's models call it; sessions know signatures alone.
type SavedFunction struct {
	Path      string // from the model to it, "encode" or "layers.0.call"
	Overloads []Overload
}

// Overload is what a function was made into for one kind of arguments. Arguments are
// called by their parameters, "x"; what is in a list or tuple by its number as well,
// "x.0", and what is in a dict by its key, "x.mask". The tensors that a sparse one is made
// of are "x.indices", "x.values" and "x.dense_shape", those of a ragged one
// "x.flat_values" and "x.row_splits".
type Overload struct {
	Inputs []Spec // the arguments that are tensors
	// Values are what the others must be: nil, bool, int64, float64 or string.
	Values map[string]any
	// Outputs are called by the keys of the dict that the function returns; those of a
	// function that returns something else are "output_0", "output_1" and so on.
	Outputs   []Spec
	Signature string // that runs it as well, with the same names or others; empty for none
	Problem   string // why it cannot be called; empty where nothing is wrong
}

// String returns the function as it would be called: "f(x float32 [-1], training=true)".
func (f SavedFunction) String() string {
	texts := make([]string, len(f.Overloads))
	for i, o := range f.Overloads {
		texts[i] = f.Path + o.String()
	}
	return strings.Join(texts, "; ")
}

// String returns arguments and results: "(x float32 [-1], training=true) output_0 float32 [-1]".
func (o Overload) String() string {
	var args, results []string
	for _, in := range o.Inputs {
		args = append(args, fmt.Sprintf("%s %v", in.Name, in))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Values)) {
		switch v := o.Values[name].(type) {
		case nil:
			args = append(args, name+"=none")
		case string:
			args = append(args, fmt.Sprintf("%s=%q", name, v))
		default:
			args = append(args, fmt.Sprintf("%s=%v", name, v))
		}
	}
	for _, out := range o.Outputs {
		results = append(results, fmt.Sprintf("%s %v", out.Name, out))
	}
	return strings.TrimSpace("(" + strings.Join(args, ", ") + ") " + strings.Join(results, ", "))
}

// functionsFrom lists the functions of a MetaGraph.
func functionsFrom(meta *tfpb.MetaGraphDef) ([]SavedFunction, error) {
	if len(meta.GetObjectGraphDef()) == 0 {
		return nil, nil
	}
	g, err := savedmodel.ParseGraph(meta)
	if err != nil {
		return nil, err
	}
	functions, err := g.Functions()
	if err != nil {
		return nil, err
	}
	list := make([]SavedFunction, len(functions))
	for i, f := range functions {
		list[i].Path = f.Path
		for _, o := range f.Overloads {
			list[i].Overloads = append(list[i].Overloads, overloadFrom(o))
		}
	}
	return list, nil
}

func overloadFrom(o *savedmodel.Overload) Overload {
	from := Overload{Inputs: leaves(o.Inputs), Outputs: leaves(o.Outputs), Signature: o.Signature, Problem: o.Problem, Values: make(map[string]any)}
	for _, v := range o.Values {
		if from.Values[v.Path] = v.Value; v.Value != nil {
			if text, ok := v.Value.(savedmodel.Opaque); ok {
				from.Values[v.Path] = string(text)
			}
		}
	}
	return from
}

func leaves(list []savedmodel.Leaf) []Spec {
	specs := make([]Spec, len(list))
	for i, l := range list {
		t := tfc.DataType(l.DType)
		specs[i] = Spec{Name: l.Path, DType: t.DType(), Type: t.String(), Shape: shapeFrom(l.Shape)}
	}
	return specs
}
