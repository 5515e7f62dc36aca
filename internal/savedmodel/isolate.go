package savedmodel

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// anonymous is the shared_name of a variable that belongs to its handles alone,
// TensorFlow's ResourceHandle::ANONYMOUS_NAME.
const anonymous = "cd2c89b7-88b7-44c8-ad83-06c2a9158347"

// Isolate makes of the graph one that can be used in a context beside other
// models. It keeps the given nodes and the functions that they call. Names that
// all of a context share, those of functions and of resources, get the suffix;
// but the graph's variables have no such names any more: each VarHandleOp makes a
// new variable, which lives as long as its handle. sharedName tells whether an op
// has the attribute shared_name. Nothing asks any more to be where another node is:
// each part of the graph becomes a function of its own, without the others' nodes.
// Isolate returns the functions.
func (g *Graph) Isolate(keep Closure, suffix string, sharedName func(op string) bool) ([]*tfpb.FunctionDef, error) {
	iso := &isolation{suffix: suffix, sharedName: sharedName}
	err := g.keep(keep, iso)
	for _, n := range g.Def.GetNode() {
		delete(n.GetAttr(), colocation)
		if n.GetOp() == VariableOp {
			setString(n, "shared_name", anonymous)
		}
	}
	return iso.list, err
}

// Keep takes all out of the graph but the given nodes and the functions that they call.
func (g *Graph) Keep(keep Closure) error {
	for _, n := range keep {
		classes := n.GetAttr()[colocation].GetList()
		if classes == nil {
			continue
		}
		classes.S = slices.DeleteFunc(classes.S, func(class []byte) bool {
			node, ok := strings.CutPrefix(string(class), "loc:@")
			return ok && keep[node] == nil
		})
		if len(classes.S) == 0 {
			delete(n.Attr, colocation)
		}
	}
	return g.keep(keep, &isolation{sharedName: func(string) bool { return false }})
}

// colocation is the attribute that names the nodes which a node is to be placed with.
const colocation = "_class"

func (g *Graph) keep(keep Closure, iso *isolation) error {
	var err error
	if iso.functions, err = g.library(); err != nil {
		return err
	}
	iso.kept = make(map[string]bool)
	g.Def.Node = slices.DeleteFunc(g.Def.GetNode(), func(n *tfpb.NodeDef) bool { return keep[n.GetName()] == nil })
	for _, n := range g.Def.GetNode() {
		iso.node(n)
	}
	for len(iso.todo) > 0 {
		f := iso.todo[0]
		iso.todo = iso.todo[1:]
		iso.list = append(iso.list, f)
		f.GetSignature().Name += iso.suffix
		for _, n := range f.GetNodeDef() {
			iso.node(n)
		}
	}
	g.functions = nil
	g.Def.Library, err = proto.Marshal(&tfpb.FunctionDefLibrary{Function: iso.list})
	return err
}

// library returns the functions of the graph by name, as they are in its library.
func (g *Graph) library() (map[string]*tfpb.FunctionDef, error) {
	if g.functions != nil {
		return g.functions, nil
	}
	var library tfpb.FunctionDefLibrary
	if err := proto.Unmarshal(g.Def.GetLibrary(), &library); err != nil {
		return nil, fmt.Errorf("the graph's functions are %w: %w", ErrDamaged, err)
	}
	functions := make(map[string]*tfpb.FunctionDef, len(library.GetFunction()))
	for _, f := range library.GetFunction() {
		functions[f.GetSignature().GetName()] = f
	}
	g.functions = functions
	return functions, nil
}

// isolation renames functions as they are come upon.
type isolation struct {
	suffix     string
	sharedName func(op string) bool
	functions  map[string]*tfpb.FunctionDef // by the name before
	kept       map[string]bool              // by the name before
	todo, list []*tfpb.FunctionDef
}

// function returns the name that a function is to have. What is no function of
// the graph keeps its name.
func (iso *isolation) function(name string) string {
	f, ok := iso.functions[name]
	if !ok {
		return name
	}
	if !iso.kept[name] {
		iso.kept[name] = true
		iso.todo = append(iso.todo, f)
	}
	return name + iso.suffix
}

func (iso *isolation) node(n *tfpb.NodeDef) {
	n.Op = iso.function(n.GetOp())
	for _, v := range n.GetAttr() {
		iso.attr(v)
	}
	if !iso.sharedName(n.GetOp()) {
		return
	}
	name := string(n.GetAttr()["shared_name"].GetS())
	if name == "" {
		name = n.GetName() // which is what it stands for
	}
	setString(n, "shared_name", name+iso.suffix)
}

func (iso *isolation) attr(v *tfpb.AttrValue) {
	iso.call(v.GetFunc())
	for _, f := range v.GetList().GetFunc() {
		iso.call(f)
	}
}

func (iso *isolation) call(f *tfpb.NameAttrList) {
	if f == nil {
		return
	}
	f.Name = iso.function(f.GetName())
	for _, v := range f.GetAttr() {
		iso.attr(v)
	}
}

func setString(n *tfpb.NodeDef, attr, value string) {
	if n.Attr == nil {
		n.Attr = make(map[string]*tfpb.AttrValue)
	}
	n.Attr[attr] = &tfpb.AttrValue{Value: &tfpb.AttrValue_S{S: []byte(value)}}
}
