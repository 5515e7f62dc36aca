package savedmodel

import (
	"fmt"
	"slices"
	"strings"

	"ndflow/internal/tfpb"
)

// Function is a function among the objects that a model was saved from.
type Function struct {
	Path      string // the names of the objects that lead to it, with dots
	Overloads []*Overload
}

// Overload is what a function was made into for one kind of arguments.
type Overload struct {
	Name      string // of the function in the graph's library
	Signature string // that runs it as well, if one does
	Inputs    []Leaf // the tensors that it takes, in order
	Values    []Leaf // what the other arguments are
	Outputs   []Leaf // the tensors that it makes, in order
	Defaults  []Leaf // what arguments are that are not given
	Problem   string // why it cannot be called

	bound []int32 // the objects that are its further inputs
	def   *tfpb.FunctionDef
}

// resourceFunctions are those of a table, say, that are for loaders.
var resourceFunctions = []string{"_create_resource", "_initialize", "_destroy_resource"}

// Functions lists the functions among the objects, by the shortest path to each.
// Signatures are not among them, nor are functions for loaders.
func (g *Graph) Functions() ([]*Function, error) {
	if len(g.Meta.GetObjectGraphDef()) == 0 {
		return nil, nil
	}
	def, err := objectGraph(g.Meta)
	if err != nil {
		return nil, err
	}
	library, err := g.library()
	if err != nil {
		return nil, err
	}
	r := &functionReader{objects: def, library: library, read: make(map[string]*Overload)}
	r.signatures()
	return r.walk(), nil
}

type functionReader struct {
	objects *tfpb.SavedObjectGraph
	library map[string]*tfpb.FunctionDef
	read    map[string]*Overload // by name: a function can be had from several objects
	runBy   map[string]string    // functions that signatures run, and those
}

// signatures finds the functions that signatures run: their own, which call those that
// they were made of.
func (r *functionReader) signatures() {
	r.runBy = make(map[string]string)
	for _, child := range childOf(r.objects, 0, "signatures").GetChildren() {
		object := objectAt(r.objects, child.GetNodeId())
		own := append(object.GetFunction().GetConcreteFunctions(), object.GetBareConcreteFunction().GetConcreteFunctionName())
		for _, name := range own {
			r.runBy[name] = child.GetLocalName()
			for _, n := range r.library[name].GetNodeDef() {
				if called := n.GetAttr()["f"].GetFunc().GetName(); called != "" {
					r.runBy[called] = child.GetLocalName()
				}
			}
		}
	}
}

// walk goes through the objects from the root, those that are near first.
func (r *functionReader) walk() (list []*Function) {
	type place struct {
		id   int32
		path string
	}
	seen := map[int32]bool{0: true}
	for todo := []place{{}}; len(todo) > 0; todo = todo[1:] {
		at := todo[0]
		for _, child := range objectAt(r.objects, at.id).GetChildren() {
			id, name := child.GetNodeId(), child.GetLocalName()
			object := objectAt(r.objects, id)
			if object == nil || seen[id] || at.path == "" && name == "signatures" || slices.Contains(resourceFunctions, name) {
				continue
			}
			seen[id] = true
			path := strings.TrimPrefix(at.path+"."+name, ".")
			if overloads := r.overloads(object); len(overloads) > 0 {
				list = append(list, &Function{Path: path, Overloads: overloads})
			} else {
				todo = append(todo, place{id, path})
			}
		}
	}
	slices.SortFunc(list, func(a, b *Function) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// overloads reads a function, which has no children that matter: they are its overloads
// once more.
func (r *functionReader) overloads(object *tfpb.SavedObject) (list []*Overload) {
	names, spec := object.GetFunction().GetConcreteFunctions(), object.GetFunction().GetFunctionSpec()
	if one := object.GetBareConcreteFunction(); one != nil {
		names, spec = []string{one.GetConcreteFunctionName()}, one.GetFunctionSpec()
	}
	for _, name := range names {
		if r.read[name] == nil {
			r.read[name] = r.overload(name, parametersOf(spec))
		}
		list = append(list, r.read[name])
	}
	return list
}

func (r *functionReader) overload(name string, p *parameters) *Overload {
	concrete, ok := r.objects.GetConcreteFunctions()[name]
	o := &Overload{Name: name, Signature: r.runBy[name], bound: concrete.GetBoundInputs(), def: r.library[name], Defaults: p.defaults}
	if !ok || o.def == nil {
		o.Problem = "the model does not have what it runs"
		return o
	}
	in := p.arguments(concrete.GetCanonicalizedInputSignature())
	o.Inputs = slices.DeleteFunc(slices.Clone(in), func(l Leaf) bool { return !l.Tensor })
	o.Values = slices.DeleteFunc(in, func(l Leaf) bool { return l.Tensor })
	o.Outputs = slices.DeleteFunc(results(concrete.GetOutputSignature()), func(l Leaf) bool { return !l.Tensor })
	args, made := o.def.GetSignature().GetInputArg(), o.def.GetSignature().GetOutputArg()
	if len(args) != len(o.Inputs)+len(o.bound) || len(made) != len(o.Outputs) {
		o.Problem = fmt.Sprintf("it takes %d tensors and makes %d, and the model says that it takes %d and makes %d",
			len(args), len(made), len(o.Inputs)+len(o.bound), len(o.Outputs))
		return o
	}
	for i := range o.Inputs {
		o.Inputs[i].DType = args[i].GetType()
	}
	for i := range o.Outputs {
		o.Outputs[i].DType = made[i].GetType()
	}
	for _, arg := range slices.Concat(args, made) {
		if arg.GetType() == 0 {
			o.Problem = fmt.Sprintf("its argument %q is of no fixed type", arg.GetName())
		}
	}
	return o
}
