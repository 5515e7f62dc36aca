package savedmodel

import (
	"fmt"
	"maps"
	"slices"

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
// has the attribute shared_name. Isolate returns the functions.
func (g *Graph) Isolate(keep Closure, suffix string, sharedName func(op string) bool) ([]*tfpb.FunctionDef, error) {
	var library tfpb.FunctionDefLibrary
	if err := proto.Unmarshal(g.Def.GetLibrary(), &library); err != nil {
		return nil, fmt.Errorf("the graph's functions are %w: %w", ErrDamaged, err)
	}
	iso := &isolation{suffix: suffix, sharedName: sharedName, functions: make(map[string]*tfpb.FunctionDef), kept: make(map[string]bool)}
	for _, f := range library.GetFunction() {
		iso.functions[f.GetSignature().GetName()] = f
	}
	nodes := g.Def.GetNode()
	g.Def.Node = g.Def.Node[:0]
	for _, n := range nodes {
		if _, ok := keep[n.GetName()]; ok {
			g.Def.Node = append(g.Def.Node, n)
			iso.node(n)
			if n.GetOp() == VariableOp {
				setString(n, "shared_name", anonymous)
			}
		}
	}
	for len(iso.todo) > 0 {
		f := iso.todo[0]
		iso.todo = iso.todo[1:]
		iso.list = append(iso.list, f)
		f.GetSignature().Name += suffix
		for _, n := range f.GetNodeDef() {
			iso.node(n)
		}
	}
	raw, err := proto.Marshal(&tfpb.FunctionDefLibrary{Function: iso.list})
	g.Def.Library = raw
	return iso.list, err
}

// Needs reports whether an op is in what signatures run and what sets the model
// up, functions included. The graph is of no use afterwards.
func (g *Graph) Needs(op string) (bool, error) {
	keep, err := g.Signatures()
	if err != nil {
		return false, err
	}
	setUp, err := g.setUp()
	if err != nil {
		return false, err
	}
	maps.Copy(keep, setUp)
	functions, err := g.Isolate(keep, "", func(string) bool { return false })
	if err != nil {
		return false, err
	}
	isIt := func(n *tfpb.NodeDef) bool { return n.GetOp() == op }
	inFunction := func(f *tfpb.FunctionDef) bool { return slices.ContainsFunc(f.GetNodeDef(), isIt) }
	return slices.ContainsFunc(g.Def.GetNode(), isIt) || slices.ContainsFunc(functions, inFunction), nil
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
