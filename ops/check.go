package ops

import (
	"fmt"
	"slices"
	"strings"

	"ndflow/internal/tfpb"
	"ndflow/internal/tftype"
	"ndflow/npy"
)

// InputArity describes an input of a call to [Def.Check].
type InputArity struct {
	List  bool     // a list of tensors, not a single one
	Len   int      // how many tensors there are, 1 for a single one
	Types []string // TensorFlow's names of their types; nil where they are not known
}

// DefError says what is wrong with a call of an op; the backend puts its own name
// in front. It is npy.ErrDType for errors.Is where a type is.
type DefError struct {
	Op        string
	Problem   string
	Signature string
	err       error
}

func (e *DefError) Error() string {
	return fmt.Sprintf("%s: %s; its signature is %s", e.Op, e.Problem, e.Signature)
}

// Unwrap returns npy.ErrDType where a type is wrong, or what is wrong with an
// attribute's value.
func (e *DefError) Unwrap() error { return e.err }

func (d *Def) errorf(err error, format string, args ...any) error {
	return &DefError{Op: d.Name, Problem: fmt.Sprintf(format, args...), Signature: d.String(), err: err}
}

// Check returns a [*DefError] unless the op can be called with such inputs and
// attributes. It sees unknown attributes, values of a wrong kind or that are not
// allowed, attributes that are missing and do not follow from the inputs, too
// few or too many inputs, a list in the place of a single tensor and the other
// way round, and, where types are known, types that do not fit. It does not see
// shapes. Attributes whose name begins with an underscore are any op's.
func (d *Def) Check(inputs []InputArity, attrs []Attr) error {
	_, err := d.CheckOutputs(inputs, attrs)
	return err
}

// CheckOutputs is Check, and says how many tensors the call makes, lists
// flattened.
func (d *Def) CheckOutputs(inputs []InputArity, attrs []Attr) (int, error) {
	c := checker{def: d, attrs: make([]attrState, len(d.Attrs))}
	for _, a := range attrs {
		if err := c.attr(a); err != nil {
			return 0, err
		}
	}
	if len(inputs) != len(d.Inputs) {
		return 0, d.errorf(nil, "have %s, want %s", count(len(inputs)), c.wanted())
	}
	for i := range inputs {
		if err := c.input(&d.Inputs[i], &inputs[i]); err != nil {
			return 0, err
		}
	}
	for i, a := range d.Attrs {
		if c.attrs[i].known() {
			continue
		}
		if a.defaultValue == nil {
			return 0, d.errorf(nil, "attribute %q is missing: want %s", a.Name, &a)
		}
		c.attrs[i].n = a.defaultValue.GetI()
		c.attrs[i].types = typeNames(a.defaultValue.GetList().GetType())
	}
	n := c.outputs()
	if n > mostOutputs {
		return 0, d.errorf(nil, "want %d outputs, more than the %d there can be", n, mostOutputs)
	}
	return n, nil
}

// mostOutputs keeps a wrong number from TensorFlow, which would make room for as
// many outputs.
const mostOutputs = 1 << 20

// outputs counts the tensors that the outputs are, once all attributes are known.
func (c *checker) outputs() int {
	n := 0
	for i := range c.def.Outputs {
		switch out := &c.def.Outputs[i]; {
		case out.NumberAttr != "":
			_, state := c.state(out.NumberAttr)
			n += int(min(max(state.n, 0), mostOutputs+1))
		case out.TypeListAttr != "":
			_, state := c.state(out.TypeListAttr)
			n += len(state.types)
		default:
			n++
		}
	}
	return n
}

// Infer returns the attributes of a checked call that follow from its inputs, less
// those that are given: for backends that have to be told them. The types of the
// inputs must be known.
func (d *Def) Infer(inputs []InputArity, given []Attr) []Attr {
	var inferred []Attr
	add := func(a Attr) {
		same := func(b Attr) bool { return b.Name() == a.Name() }
		if !slices.ContainsFunc(given, same) && !slices.ContainsFunc(inferred, same) {
			inferred = append(inferred, a)
		}
	}
	for i, in := range inputs {
		types := make([]string, len(in.Types))
		for k, t := range in.Types {
			types[k] = strings.TrimSuffix(t, "_ref")
		}
		arg := &d.Inputs[i]
		if arg.NumberAttr != "" {
			add(Int(arg.NumberAttr, int64(in.Len)))
		}
		if arg.TypeAttr != "" && len(types) > 0 {
			add(TypeNamed(arg.TypeAttr, types[0]))
		}
		if arg.TypeListAttr != "" {
			add(TypesNamed(arg.TypeListAttr, types...))
		}
	}
	return inferred
}

// checker gathers what the attributes of a call are: given, or inferred from
// inputs.
type checker struct {
	def   *Def
	attrs []attrState // as def.Attrs
}

type attrState struct {
	given bool     // by an attribute
	input *Arg     // that says the value; nil while none does
	typ   string   // the value of kind type; empty where it is not known
	n     int64    // of kind int
	types []string // of kind list(type); elements are empty where they are not known
}

// known reports whether something says the value.
func (s *attrState) known() bool { return s.given || s.input != nil }

// source names what says the value of an attribute.
func (s *attrState) source(name string) string {
	if s.given {
		return fmt.Sprintf("attribute %q says", name)
	}
	return fmt.Sprintf("input %q says of %s", s.input.Name, name)
}

// attr takes a given attribute.
func (c *checker) attr(a Attr) error {
	if err := a.Err(); err != nil {
		return c.def.errorf(err, "%s", strings.TrimPrefix(err.Error(), "ops: "))
	}
	i := slices.IndexFunc(c.def.Attrs, func(def AttrDef) bool { return def.Name == a.Name() })
	switch {
	case i < 0 && strings.HasPrefix(a.Name(), "_"):
		return nil
	case i < 0:
		return c.def.errorf(nil, "no attribute %q", a.Name())
	}
	def, state := &c.def.Attrs[i], &c.attrs[i]
	if def.Kind != a.Kind() {
		return c.def.errorf(nil, "attribute %q: have %s (%s), want %s", def.Name, a.Kind(), printValue(a.p.value), def)
	}
	if state.given {
		return c.def.errorf(nil, "attribute %q is given twice", def.Name)
	}
	state.given = true
	v := a.p.value
	state.n = v.GetI()
	switch def.Kind {
	case "type":
		state.typ = tftype.Name(int(v.GetType()))
	case "list(type)":
		state.types = typeNames(v.GetList().GetType())
	}
	if err := c.minimum(def, v); err != nil {
		return err
	}
	return c.allowed(def, v)
}

// minimum checks the value of an int, or the length of a list.
func (c *checker) minimum(def *AttrDef, v *tfpb.AttrValue) error {
	if def.Minimum == nil {
		return nil
	}
	if list := v.GetList(); list != nil {
		if n := len(listWords(list)); int64(n) < *def.Minimum {
			return c.def.errorf(nil, "attribute %q: have %d values, want at least %d", def.Name, n, *def.Minimum)
		}
	} else if v.GetI() < *def.Minimum {
		return c.def.errorf(nil, "attribute %q: have %d, want at least %d", def.Name, v.GetI(), *def.Minimum)
	}
	return nil
}

// allowed checks values of which only some are allowed: strings and types.
func (c *checker) allowed(def *AttrDef, v *tfpb.AttrValue) error {
	if def.Allowed == nil {
		return nil
	}
	words := []string{""}
	if list := v.GetList(); list != nil {
		words = listWords(list)
	} else {
		words[0] = printValue(v)
	}
	for _, w := range words {
		if !slices.Contains(def.Allowed, w) {
			return c.def.errorf(dtypeIf(def), "attribute %q: have %s, want one of {%s}", def.Name, w, strings.Join(def.Allowed, ", "))
		}
	}
	return nil
}

// dtypeIf is npy.ErrDType where the attribute is of types.
func dtypeIf(def *AttrDef) error {
	if strings.Contains(def.Kind, "type") {
		return npy.ErrDType
	}
	return nil
}

func typeNames(numbers []int32) []string {
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = tftype.Name(int(n))
	}
	return names
}

// input takes an input: what it says of attributes must agree with what is
// known of them.
func (c *checker) input(arg *Arg, in *InputArity) error {
	switch {
	case in.List && !arg.List():
		return c.def.errorf(nil, "input %q: have a list of %d tensors, want a single one (%s)", arg.Name, in.Len, arg)
	case !in.List && arg.List():
		return c.def.errorf(nil, "input %q: have a single tensor, want a list (%s)", arg.Name, arg)
	}
	if arg.TypeListAttr != "" {
		return c.typeList(arg, in)
	}
	if arg.NumberAttr != "" {
		if err := c.number(arg, in.Len); err != nil {
			return err
		}
	}
	if arg.TypeAttr != "" && in.Types == nil && in.Len > 0 {
		c.mark(arg.TypeAttr, arg) // whatever it is
	}
	for _, t := range in.Types {
		if err := c.typ(arg, t); err != nil {
			return err
		}
	}
	return nil
}

// state returns the attribute of the given name, with what is known of it.
func (c *checker) state(name string) (*AttrDef, *attrState) {
	i := slices.IndexFunc(c.def.Attrs, func(def AttrDef) bool { return def.Name == name })
	if i < 0 {
		return &AttrDef{Name: name}, &attrState{} // TensorFlow has no such OpDef
	}
	return &c.def.Attrs[i], &c.attrs[i]
}

func (c *checker) mark(attr string, arg *Arg) {
	if _, state := c.state(attr); !state.known() {
		state.input = arg
	}
}

func (c *checker) number(arg *Arg, n int) error {
	def, state := c.state(arg.NumberAttr)
	switch {
	case state.known() && state.n != int64(n):
		return c.def.errorf(nil, "input %q: have a list of %d, want %d, as %s", arg.Name, n, state.n, state.source(def.Name))
	case def.Minimum != nil && int64(n) < *def.Minimum:
		return c.def.errorf(nil, "input %q: have a list of %d, want at least %d", arg.Name, n, *def.Minimum)
	}
	state.n = int64(n)
	c.mark(def.Name, arg)
	return nil
}

// typ takes the type of one tensor.
func (c *checker) typ(arg *Arg, t string) error {
	if arg.Ref && !strings.HasSuffix(t, "_ref") {
		return c.def.errorf(npy.ErrDType, "input %q: have %s, want a reference to a variable of TensorFlow 1 (%s)", arg.Name, t, arg)
	}
	t = strings.TrimSuffix(t, "_ref")
	if arg.Type != "" {
		if arg.Type != t {
			return c.def.errorf(npy.ErrDType, "input %q: have %s, want %s", arg.Name, t, arg.Type)
		}
		return nil
	}
	def, state := c.state(arg.TypeAttr)
	switch {
	case state.typ != "" && state.typ != t:
		return c.def.errorf(npy.ErrDType, "input %q: have %s, want %s, as %s", arg.Name, t, state.typ, state.source(def.Name))
	case def.Allowed != nil && !slices.Contains(def.Allowed, t):
		return c.def.errorf(npy.ErrDType, "input %q: have %s, want one of {%s}", arg.Name, t, strings.Join(def.Allowed, ", "))
	}
	state.typ = t
	c.mark(def.Name, arg)
	return nil
}

// typeList takes a list whose tensors have types of their own.
func (c *checker) typeList(arg *Arg, in *InputArity) error {
	def, state := c.state(arg.TypeListAttr)
	if !state.known() {
		if def.Minimum != nil && int64(in.Len) < *def.Minimum {
			return c.def.errorf(nil, "input %q: have a list of %d, want at least %d", arg.Name, in.Len, *def.Minimum)
		}
		state.types = make([]string, in.Len)
	} else if len(state.types) != in.Len {
		return c.def.errorf(nil, "input %q: have a list of %d, want %d, as %s", arg.Name, in.Len, len(state.types), state.source(def.Name))
	}
	for i, t := range in.Types {
		t = strings.TrimSuffix(t, "_ref")
		switch {
		case state.types[i] != "" && state.types[i] != t:
			return c.def.errorf(npy.ErrDType, "input %q, number %d: have %s, want %s, as %s", arg.Name, i, t, state.types[i], state.source(def.Name))
		case def.Allowed != nil && !slices.Contains(def.Allowed, t):
			return c.def.errorf(npy.ErrDType, "input %q, number %d: have %s, want one of {%s}", arg.Name, i, t, strings.Join(def.Allowed, ", "))
		}
		state.types[i] = t
	}
	c.mark(def.Name, arg)
	return nil
}

func count(n int) string {
	if n == 1 {
		return "1 input"
	}
	return fmt.Sprintf("%d inputs", n)
}

// wanted lists the inputs: "2: a, b".
func (c *checker) wanted() string {
	if len(c.def.Inputs) == 0 {
		return "none"
	}
	names := make([]string, len(c.def.Inputs))
	for i, arg := range c.def.Inputs {
		names[i] = arg.Name
	}
	return fmt.Sprintf("%d: %s", len(names), strings.Join(names, ", "))
}
