package savedmodel

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// Graph is the graph of a MetaGraphDef, without the functions in its library.
type Graph struct {
	Def  *tfpb.GraphDef
	Meta *tfpb.MetaGraphDef
	node map[string]*tfpb.NodeDef

	// Found out when they are asked for.
	targets   map[string]string            // see [Targets]
	functions map[string]*tfpb.FunctionDef // the library
}

// ParseGraph reads the graph of meta.
func ParseGraph(meta *tfpb.MetaGraphDef) (*Graph, error) {
	g := &Graph{Def: new(tfpb.GraphDef), Meta: meta}
	if err := proto.Unmarshal(meta.GetGraphDef(), g.Def); err != nil {
		return nil, fmt.Errorf("the graph is %w: %w", ErrDamaged, err)
	}
	g.node = make(map[string]*tfpb.NodeDef, len(g.Def.GetNode()))
	for _, n := range g.Def.GetNode() {
		g.node[n.GetName()] = n
	}
	for _, n := range g.Def.GetNode() {
		n.Input = slices.DeleteFunc(n.GetInput(), func(in string) bool {
			return IsControl(in) && (n.GetOp() == VariableOp || runsNothing(g.Node(in)))
		})
	}
	return g, nil
}

// runsNothing reports whether to wait for a node is to wait for nothing, as for a
// placeholder, which cannot be run at all, and for a handle, which itself need not
// wait either.
func runsNothing(n *tfpb.NodeDef) bool {
	return n.GetOp() == VariableOp || strings.HasPrefix(n.GetOp(), "Placeholder") && len(n.GetInput()) == 0
}

// Node returns the node that an input or a tensor's name stands for, nil where
// there is none: "node", "node:1", "^node".
func (g *Graph) Node(name string) *tfpb.NodeDef { return g.node[NodeName(name)] }

// NodeName is the node's name in that of a tensor or of an input.
func NodeName(tensor string) string {
	name := strings.TrimPrefix(tensor, "^")
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		name = name[:i]
	}
	return name
}

// OutputNumber is the number in a tensor's name, 0 where it has none.
func OutputNumber(tensor string) int {
	_, number, _ := strings.Cut(tensorName(tensor), ":")
	n, err := strconv.Atoi(number)
	if err != nil {
		return -1
	}
	return n
}

// IsControl reports whether an input is an edge along which nothing but order
// passes.
func IsControl(input string) bool { return strings.HasPrefix(input, "^") }

// tensorName is the one of a tensor's names that has a number: "x:0" for "x".
func tensorName(name string) string {
	if strings.LastIndexByte(name, ':') < 0 {
		return name + ":0"
	}
	return name
}

// Closure is a set of nodes, by name.
type Closure map[string]*tfpb.NodeDef

// Closure returns the nodes that are run when the targets, tensors or nodes, are
// computed and the tensors in fed are given.
func (g *Graph) Closure(targets, fed []string) (Closure, error) {
	given := make(map[string]bool, len(fed))
	for _, f := range fed {
		given[tensorName(f)] = true
	}
	c := Closure{}
	var todo []*tfpb.NodeDef
	add := func(input, by string) error {
		if !IsControl(input) && given[tensorName(input)] {
			return nil
		}
		n := g.Node(input)
		if n == nil {
			return fmt.Errorf("the graph is %w: %s needs %q, which is not there", ErrDamaged, by, input)
		}
		if _, seen := c[n.GetName()]; !seen {
			c[n.GetName()] = n
			todo = append(todo, n)
		}
		return nil
	}
	for _, t := range targets {
		if err := add(t, "the model"); err != nil {
			return nil, err
		}
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, in := range n.GetInput() {
			if err := add(in, fmt.Sprintf("%s %q", n.GetOp(), n.GetName())); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// Names lists the nodes in alphabetical order.
func (c Closure) Names() []string { return slices.Sorted(maps.Keys(c)) }

// Signatures returns the nodes that the signatures of the model run, each
// signature given its inputs.
func (g *Graph) Signatures() (Closure, error) {
	all := Closure{}
	for _, name := range g.signatureNames() {
		c, err := g.signature(name)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, c)
	}
	return all, nil
}

// signatureNames lists the signatures that are for callers, in alphabetical order.
func (g *Graph) signatureNames() []string {
	names := slices.Sorted(maps.Keys(g.Meta.GetSignatureDef()))
	return slices.DeleteFunc(names, func(name string) bool { return name == InitSignature })
}

// signature returns the nodes that a signature runs, given its inputs.
func (g *Graph) signature(name string) (Closure, error) {
	s := g.Meta.GetSignatureDef()[name]
	targets := Tensors(s.GetOutputs())
	if len(s.GetOutputs()) == 0 {
		if g.targets == nil {
			var err error
			if g.targets, err = Targets(g.Meta); err != nil {
				return nil, err
			}
		}
		if target := g.targets[name]; target != "" {
			targets = []string{target}
		}
	}
	c, err := g.Closure(targets, Tensors(s.GetInputs()))
	if err != nil {
		return nil, fmt.Errorf("signature %q: %w", name, err)
	}
	return c, nil
}

// Tensors lists the tensors that infos name, without those that consist of
// several.
func Tensors(infos map[string]*tfpb.TensorInfo) []string {
	var list []string
	for _, info := range infos {
		if name := info.GetName(); name != "" {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
