package main

import (
	"fmt"
	"regexp"
	"strings"

	"ndflow/ops"
)

// wrapper is the function of one op.
type wrapper struct {
	def     *ops.Def
	params  []param // inputs, then required attributes
	results []param
	inputs  []param // of params
	attrs   []attribute
	options []attribute
}

// param is a parameter or a result of a function.
type param struct {
	name string
	typ  string
}

// attribute is an attribute that a call gives.
type attribute struct {
	def   ops.AttrDef
	value string // the name of the parameter that has it
}

// kinds are Go's types of attributes, with the functions of package ops that make
// them.
var kinds = map[string]struct{ typ, maker string }{
	"bool": {"bool", "Bool"}, "list(bool)": {"[]bool", "Bools"},
	"int": {"int64", "Int"}, "list(int)": {"[]int64", "Ints"},
	"float": {"float32", "Float"}, "list(float)": {"[]float32", "Floats"},
	"string": {"string", "String"}, "list(string)": {"[]string", "Strings"},
	"type": {"ops.DataType", "Type"}, "list(type)": {"[]ops.DataType", "Types"},
	"shape": {"[]int", "Shape"}, "list(shape)": {"[][]int", "Shapes"},
	"tensor": {"*npy.Array", "Tensor"}, "list(tensor)": {"[]*npy.Array", "Tensors"},
	"func": {"string", "Func"}, "list(func)": {"[]string", "Funcs"},
}

var identifier = regexp.MustCompile(`^[A-Z][A-Za-z0-9_]*$`)

// wanted reports whether an op gets a function.
func wanted(def *ops.Def) bool {
	if !identifier.MatchString(def.Name) || def.Deprecated != "" {
		return false
	}
	for _, args := range [][]ops.Arg{def.Inputs, def.Outputs} {
		for _, a := range args {
			if a.Ref {
				return false
			}
		}
	}
	return true
}

func newWrapper(def *ops.Def) (*wrapper, error) {
	w := &wrapper{def: def}
	n := newNames()
	inferred := make(map[string]bool) // attributes that follow from inputs
	for _, in := range def.Inputs {
		p := param{n.lower(in.Name), "T"}
		if in.List() {
			p.typ = "[]T"
		}
		w.inputs = append(w.inputs, p)
		inferred[in.TypeAttr], inferred[in.NumberAttr], inferred[in.TypeListAttr] = true, true, true
	}
	w.params = append(w.params, w.inputs...)
	counts := countsOutputs(def, inferred)
	for _, a := range def.Attrs {
		kind, ok := kinds[a.Kind]
		if !ok {
			return nil, fmt.Errorf("%s: attribute %q is of kind %s, which has no Go type", def.Name, a.Name, a.Kind)
		}
		_, optional := a.Default()
		switch {
		case inferred[a.Name]:
		case optional && !counts[a.Name]:
			w.options = append(w.options, attribute{def: a})
		default:
			p := param{n.lower(a.Name), kind.typ}
			w.params = append(w.params, p)
			w.attrs = append(w.attrs, attribute{a, p.name})
		}
	}
	for _, out := range def.Outputs {
		p := param{n.lower(out.Name), "T"}
		if out.List() {
			p.typ = "[]T"
		}
		w.results = append(w.results, p)
	}
	return w, nil
}

// countsOutputs are the optional attributes that say how many tensors are in
// which of an op's several lists. Its function has to be told them.
func countsOutputs(def *ops.Def, inferred map[string]bool) map[string]bool {
	counts, lists := make(map[string]bool), 0
	for _, out := range def.Outputs {
		for _, a := range def.Attrs {
			_, optional := a.Default()
			if optional && !inferred[a.Name] && out.List() && (a.Name == out.NumberAttr || a.Name == out.TypeListAttr) {
				counts[a.Name] = true
				lists++
			}
		}
	}
	if lists <= 1 {
		return nil // it is as long as the other outputs leave
	}
	return counts
}

// call is the expression of the call.
func (w *wrapper) call() string {
	c := fmt.Sprintf("&ops.Call[T]{Op: %q", w.def.Name)
	if in := w.inputList(); in != "" {
		c += ", Inputs: " + in
	}
	if attrs := w.attrList(); attrs != "" {
		c += ", Attrs: " + attrs
	}
	return c + "}"
}

func (w *wrapper) inputList() string {
	var ones, all []string
	for _, p := range w.inputs {
		if p.typ == "T" {
			ones = append(ones, p.name)
			all = append(all, "ops.One("+p.name+")")
		} else {
			all = append(all, "ops.List("+p.name+"...)")
		}
	}
	switch {
	case len(all) == 0:
		return ""
	case len(ones) == len(all):
		return "ops.In(" + strings.Join(ones, ", ") + ")"
	}
	return "[]ops.Input[T]{" + strings.Join(all, ", ") + "}"
}

func (w *wrapper) attrList() string {
	var list []string
	for _, a := range w.attrs {
		list = append(list, a.make(a.value))
	}
	given := strings.Join(list, ", ")
	switch {
	case len(w.options) == 0 && given == "":
		return ""
	case len(w.options) == 0:
		return "[]ops.Attr{" + given + "}"
	case given == "":
		return "ops.With(opts)"
	}
	return "ops.With(opts, " + given + ")"
}

// make is the expression that makes the attribute of a value.
func (a attribute) make(value string) string {
	kind := kinds[a.def.Kind]
	if a.list() {
		value += "..."
	}
	return fmt.Sprintf("ops.%s(%q, %s)", kind.maker, a.def.Name, value)
}

func (a attribute) list() bool { return strings.HasPrefix(a.def.Kind, "list(") }

// option is the name of the function that makes an optional attribute.
func (w *wrapper) option(a attribute) string { return w.def.Name + upper(a.def.Name) }

func (w *wrapper) optionType() string { return w.def.Name + "Option" }

// lengths are the expressions of how many tensors each result has; -1 is what the
// others leave.
func (w *wrapper) lengths() ([]string, error) {
	lengths := make([]string, len(w.results))
	unknown := 0
	for i, r := range w.results {
		lengths[i] = "1"
		if r.typ == "T" {
			continue
		}
		if lengths[i] = w.length(w.def.Outputs[i]); lengths[i] == "-1" {
			unknown++
		}
	}
	if unknown > 1 {
		return nil, fmt.Errorf("%s: %d lists of unknown length come out", w.def.Name, unknown)
	}
	return lengths, nil
}

func (w *wrapper) length(out ops.Arg) string {
	for i, in := range w.def.Inputs {
		if out.NumberAttr != "" && in.NumberAttr == out.NumberAttr || out.TypeListAttr != "" && in.TypeListAttr == out.TypeListAttr {
			return "len(" + w.inputs[i].name + ")"
		}
	}
	for _, a := range w.attrs {
		switch a.def.Name {
		case out.NumberAttr:
			return "int(" + a.value + ")"
		case out.TypeListAttr:
			return "len(" + a.value + ")"
		}
	}
	return "-1"
}
