package ops

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"ndflow/internal/tfpb"
	"ndflow/internal/tftype"
)

// Def is what TensorFlow knows of an op, or of a function that is called like
// one: an OpDef.
type Def struct {
	Name       string
	Inputs     []Arg
	Outputs    []Arg
	Attrs      []AttrDef
	Stateful   bool   // a run may do something, or differ from the last one
	Deprecated string // what TensorFlow says of a deprecated op; empty for the others
}

// Arg is an input or an output of an op: one tensor, or a list of them. The type
// of its elements is fixed, or it is what an attribute says.
type Arg struct {
	Name         string
	Type         string // TensorFlow's name of a fixed type, "float"
	TypeAttr     string // the attribute of kind type that has the type
	NumberAttr   string // for a list of one type: the attribute of kind int that has its length
	TypeListAttr string // for a list of several types: the attribute of kind list(type)
	Ref          bool   // a reference to a variable of TensorFlow 1
}

// List reports whether the Arg is a list of tensors.
func (a Arg) List() bool { return a.NumberAttr != "" || a.TypeListAttr != "" }

// String returns the Arg as signatures print it, "values: N*T".
func (a Arg) String() string {
	t := a.Type + a.TypeAttr + a.TypeListAttr // only one is set
	if a.NumberAttr != "" {
		t = a.NumberAttr + "*" + t
	}
	if a.Ref {
		t = "Ref(" + t + ")"
	}
	return a.Name + ": " + t
}

// AttrDef is an attribute of an op.
type AttrDef struct {
	Name    string
	Kind    string   // TensorFlow's word: "int", "type", "list(shape)", "func", ...
	Allowed []string // the only values there may be, as signatures print them; nil for any
	Minimum *int64   // the least value of an int, the least length of a list; nil for any

	defaultValue *tfpb.AttrValue // nil where the attribute is required
}

// Default returns the value that the attribute has if it is not given; false
// where there is none.
func (a AttrDef) Default() (Attr, bool) {
	if a.defaultValue == nil {
		return Attr{}, false
	}
	return newAttr(a.Name, a.Kind, a.defaultValue), true
}

// WithDefault returns the attribute with a default, which makes it optional.
func (a AttrDef) WithDefault(v Attr) AttrDef {
	a.defaultValue = v.p.value
	return a
}

// String returns the attribute as signatures print it,
// `padding: string in {"SAME", "VALID"}`.
func (a AttrDef) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", a.Name, a.Kind)
	if a.Minimum != nil {
		fmt.Fprintf(&b, " >= %d", *a.Minimum)
	}
	if a.Allowed != nil {
		fmt.Fprintf(&b, " in {%s}", strings.Join(a.Allowed, ", "))
	}
	if a.defaultValue != nil {
		b.WriteString(" = " + printValue(a.defaultValue))
	}
	return b.String()
}

// String returns the op's signature:
//
//	MatMul(a: T, b: T; transpose_a: bool = false, T: type in {float, ...}) -> (product: T)
func (d *Def) String() string {
	attrs := ""
	if len(d.Attrs) > 0 {
		attrs = "; " + join(d.Attrs)
	}
	return fmt.Sprintf("%s(%s%s) -> (%s)", d.Name, join(d.Inputs), attrs, join(d.Outputs))
}

func join[T fmt.Stringer](list []T) string {
	s := make([]string, len(list))
	for i := range list {
		s[i] = list[i].String()
	}
	return strings.Join(s, ", ")
}

// ParseDef reads a serialized OpDef.
func ParseDef(b []byte) (*Def, error) {
	var def tfpb.OpDef
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, &def); err != nil {
		return nil, fmt.Errorf("ops: not an OpDef: %w", err)
	}
	return newDef(&def), nil
}

// Defs are ops by name.
type Defs struct{ byName map[string]*Def }

// ParseDefs reads a serialized OpList, such as a library's list of all its ops.
func ParseDefs(b []byte) (*Defs, error) {
	var list tfpb.OpList
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("ops: not an OpList: %w", err)
	}
	d := &Defs{byName: make(map[string]*Def, len(list.GetOp()))}
	for _, def := range list.GetOp() {
		d.byName[def.GetName()] = newDef(def)
	}
	return d, nil
}

// Lookup returns the op of the given name; false where there is none.
func (d *Defs) Lookup(name string) (*Def, bool) {
	def, ok := d.byName[name]
	return def, ok
}

// Names lists the ops in alphabetical order.
func (d *Defs) Names() []string { return slices.Sorted(maps.Keys(d.byName)) }

// Nearest lists the ops for whoever has looked for one by a name that there is
// not: first those that contain the name or are contained in it, in whatever
// case, those of nearly its length before others. Internal ops come last.
func (d *Defs) Nearest(name string) []string {
	low := strings.ToLower(name)
	var near, far []string
	for _, n := range d.Names() {
		l := strings.ToLower(n)
		if !strings.HasPrefix(l, "_") && (strings.Contains(l, low) || len(l) > 2 && strings.Contains(low, l)) {
			near = append(near, n)
		} else {
			far = append(far, n)
		}
	}
	unlike := func(n string) int { return max(len(n)-len(name), len(name)-len(n)) }
	slices.SortStableFunc(near, func(a, b string) int { return unlike(a) - unlike(b) })
	return append(near, far...)
}

func newDef(p *tfpb.OpDef) *Def {
	d := &Def{
		Name:     p.GetName(),
		Inputs:   newArgs(p.GetInputArg()),
		Outputs:  newArgs(p.GetOutputArg()),
		Stateful: p.GetIsStateful(),
	}
	if dep := p.GetDeprecation(); dep != nil {
		d.Deprecated = dep.GetExplanation()
		if d.Deprecated == "" {
			d.Deprecated = "deprecated"
		}
	}
	for _, a := range p.GetAttr() {
		d.Attrs = append(d.Attrs, newAttrDef(a))
	}
	return d
}

func newArgs(list []*tfpb.OpDef_ArgDef) []Arg {
	args := make([]Arg, len(list))
	for i, a := range list {
		args[i] = Arg{Name: a.GetName(), TypeAttr: a.GetTypeAttr(), NumberAttr: a.GetNumberAttr(), TypeListAttr: a.GetTypeListAttr(), Ref: a.GetIsRef()}
		if t := a.GetType(); t != 0 {
			args[i].Type = tftype.Name(int(t))
		}
	}
	return args
}

func newAttrDef(p *tfpb.OpDef_AttrDef) AttrDef {
	a := AttrDef{Name: p.GetName(), Kind: p.GetType(), defaultValue: p.GetDefaultValue()}
	if p.GetHasMinimum() {
		m := p.GetMinimum()
		a.Minimum = &m
	}
	if list := p.GetAllowedValues().GetList(); list != nil {
		a.Allowed = listWords(list)
		if list.GetType() != nil {
			slices.Sort(a.Allowed) // TensorFlow's order says nothing, and changes
		}
	}
	return a
}
