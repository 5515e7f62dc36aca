package eager

import (
	"maps"

	"ndflow/graph"
	"ndflow/internal/savedmodel"
)

// Functions that are no signatures are called as signatures are: the loader adds such a
// call to the graph for each, and goes on as if there had been one.

// savedFunction is a function among the objects that a model was saved from.
type savedFunction struct {
	path      string
	overloads []*overload
}

// overload is a function for one kind of arguments.
type overload struct {
	saved *savedmodel.Overload
	call  graph.Signature // of the call in the graph
	sig   *signature
}

// available reports whether anything of the function can be called.
func (f *savedFunction) available() bool {
	for _, o := range f.overloads {
		if o.call.Problem == "" {
			return true
		}
	}
	return false
}

// planFunctions adds the calls of functions to the graph, and what they run to what is
// used.
func (l *loader) planFunctions(a *savedmodel.Available) error {
	list, err := l.saved.Functions()
	if err != nil || len(list) == 0 {
		return err
	}
	calls, err := l.saved.Calls(l.assets)
	if err != nil {
		return err
	}
	known := make(map[*savedmodel.Overload]*overload)
	described := make(map[string]graph.SavedFunction)
	for _, f := range l.described {
		described[f.Path] = f
	}
	for _, saved := range list {
		f := &savedFunction{path: saved.Path}
		for i, o := range saved.Overloads {
			if known[o] == nil {
				spec := described[f.path].Overloads[i]
				known[o] = &overload{saved: o, call: graph.Signature{Name: f.path, Inputs: spec.Inputs, Outputs: spec.Outputs, Problem: spec.Problem}}
				if err := l.planCall(known[o], calls, a); err != nil {
					return err
				}
			}
			f.overloads = append(f.overloads, known[o])
		}
		l.functions = append(l.functions, f)
	}
	return nil
}

func (l *loader) planCall(o *overload, calls *savedmodel.Calls, a *savedmodel.Available) error {
	if o.call.Problem == "" && l.noFunctions != nil {
		o.call.Problem = l.noFunctions.Error()
	}
	if o.call.Problem != "" {
		return nil
	}
	inputs, outputs, call, err := calls.Call(o.saved)
	if err != nil {
		o.call.Problem = err.Error()
		return nil
	}
	c, err := l.saved.Closure([]string{call}, inputs)
	if err != nil {
		return err
	}
	if o.call.Problem = a.Problem(c); o.call.Problem != "" {
		return nil
	}
	maps.Copy(l.used, c)
	for i := range o.call.Inputs {
		o.call.Inputs[i].Tensor = inputs[i]
	}
	for i := range o.call.Outputs {
		o.call.Outputs[i].Tensor = outputs[i]
	}
	o.call.Target = call
	return nil
}

// makeFunctions makes functions of the context of them.
func (l *loader) makeFunctions() {
	for _, f := range l.functions {
		for _, o := range f.overloads {
			if o.sig == nil { // it may have several paths
				o.sig = l.signature("function", o.call)
				l.model.called = append(l.model.called, o.sig)
			}
		}
	}
	l.model.functions = l.functions
}
