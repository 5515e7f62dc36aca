package savedmodel

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ndflow/internal/tfpb"
)

// Available parts a model into what can be had and what cannot, because it needs an op
// that TensorFlow does not have.
type Available struct {
	// Problems says why signatures cannot be called, by their names.
	Problems map[string]string
	// Used are the nodes that the other signatures run.
	Used Closure

	graph   *Graph
	lacking *lacking
	dropped Closure // what is not set up
}

// Problem says why nodes cannot be run, "" where they can.
func (a *Available) Problem(c Closure) string {
	if problem := a.lacking.problem(c); problem != "" {
		return problem
	}
	return a.graph.notSetUp(c, a.dropped)
}

// Available finds out which signatures can be had where only some ops are registered.
// What restores the model and sets it up is changed to do so without those ops: a branch
// that needs one is left out, and so are the signatures that need the table, say, which
// it sets up. Variables that only such a branch restores are for the loader to restore
// by their objects.
func (g *Graph) Available(registered func(op string) bool) (*Available, error) {
	l, err := g.lacking(registered)
	if err != nil {
		return nil, err
	}
	a := &Available{Problems: make(map[string]string), Used: Closure{}, graph: g, lacking: l}
	if a.dropped, err = g.dropSetUp(l); err != nil {
		return nil, err
	}
	for _, name := range g.signatureNames() {
		c, err := g.signature(name)
		if err != nil {
			return nil, err
		}
		if problem := a.Problem(c); problem != "" {
			a.Problems[name] = problem
			continue
		}
		maps.Copy(a.Used, c)
	}
	return a, nil
}

// lacking finds ops that are not registered, in nodes and in the functions that they
// call.
type lacking struct {
	registered func(op string) bool
	functions  map[string]*tfpb.FunctionDef
	inFunction map[string]string // the op that a function lacks, or ""
	ops        map[string]bool
}

func (g *Graph) lacking(registered func(op string) bool) (*lacking, error) {
	functions, err := g.library()
	return &lacking{registered: registered, functions: functions, inFunction: make(map[string]string), ops: make(map[string]bool)}, err
}

// problem says which op nodes lack, "" for none.
func (l *lacking) problem(c Closure) string {
	for _, name := range c.Names() {
		if op := l.node(c[name]); op != "" {
			return fmt.Sprintf("it needs the op %q, which this TensorFlow does not have", op)
		}
	}
	return ""
}

// node returns the op that a node lacks, "" where it lacks none.
func (l *lacking) node(n *tfpb.NodeDef) string {
	if _, ok := l.functions[n.GetOp()]; ok {
		if op := l.function(n.GetOp()); op != "" {
			return op
		}
	} else if !l.op(n.GetOp()) {
		return n.GetOp()
	}
	for _, v := range n.GetAttr() {
		if op := l.attr(v); op != "" {
			return op
		}
	}
	return ""
}

func (l *lacking) op(name string) bool {
	known, ok := l.ops[name]
	if !ok {
		known = l.registered(name)
		l.ops[name] = known
	}
	return known
}

func (l *lacking) attr(v *tfpb.AttrValue) string {
	for _, f := range append(v.GetList().GetFunc(), v.GetFunc()) {
		if f == nil {
			continue
		}
		if op := l.function(f.GetName()); op != "" {
			return op
		}
		for _, v := range f.GetAttr() {
			if op := l.attr(v); op != "" {
				return op
			}
		}
	}
	return ""
}

func (l *lacking) function(name string) string {
	op, seen := l.inFunction[name]
	if seen {
		return op
	}
	l.inFunction[name] = "" // it may call itself
	for _, n := range l.functions[name].GetNodeDef() {
		if op = l.node(n); op != "" {
			break
		}
	}
	l.inFunction[name] = op
	return op
}

// dropSetUp leaves out what restoring the model and setting it up cannot do. It returns
// the nodes that are not run any more for that.
func (g *Graph) dropSetUp(l *lacking) (Closure, error) {
	before, err := g.setUp()
	if err != nil {
		return nil, err
	}
	if l.problem(before) == "" {
		return nil, nil
	}
	if op := InitOp(g.Meta); op != "" && !g.drop(op, l) {
		delete(g.Meta.SignatureDef, InitSignature)
		for _, collection := range initCollections {
			delete(g.Meta.CollectionDef, collection)
		}
	}
	if op := g.Meta.GetSaverDef().GetRestoreOpName(); op != "" && !g.drop(op, l) {
		g.Meta.SaverDef = nil
	}
	after, err := g.setUp()
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(before, func(name string, _ *tfpb.NodeDef) bool { _, ok := after[name]; return ok })
	return before, nil
}

// drop takes from a node that only waits for others those that cannot be run, and
// reports whether it can be run itself then.
func (g *Graph) drop(node string, l *lacking) bool {
	c, err := g.Closure([]string{node}, []string{g.Meta.GetSaverDef().GetFilenameTensorName()})
	if err != nil {
		return false
	}
	if l.problem(c) == "" {
		return true
	}
	n := g.Node(node)
	if n.GetOp() != "NoOp" {
		return false
	}
	n.Input = slices.DeleteFunc(n.GetInput(), func(in string) bool { return !g.drop(in, l) })
	return true
}

// notSetUp says which resource of a signature's is not set up any more, "" for none.
func (g *Graph) notSetUp(c, dropped Closure) string {
	for _, name := range c.Names() {
		n, ok := dropped[name]
		if !ok || len(n.GetInput()) > 0 || IsVariable(n) && len(g.Meta.GetObjectGraphDef()) > 0 {
			continue
		}
		if op := n.GetOp(); op != "Const" && op != "NoOp" && !strings.HasPrefix(op, "Placeholder") {
			return fmt.Sprintf("it needs %q, which takes an op to set up that this TensorFlow does not have", name)
		}
	}
	return ""
}
