package graph

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"ndflow/internal/filekind"
	"ndflow/internal/pins"
	"ndflow/internal/savedmodel"
	"ndflow/ops"
	"ndflow/tfc"
)

// Graph is a TensorFlow graph: operations and the tensors between them. It is
// safe for concurrent use, also while sessions run it: they see what has been
// added since.
type Graph struct {
	c *tfc.Graph

	building sync.Mutex // held while operations are added
	pins     pins.List  // devices that operations ask for, as they were before Import
	numbers  map[string]int
	defs     map[string]*ops.Def // of the ops that were applied
}

// New returns an empty graph.
func New() (*Graph, error) {
	c, err := tfc.NewGraph()
	if err != nil {
		return nil, err
	}
	return &Graph{c: c}, nil
}

// Read returns the graph of a serialized GraphDef file, such as a frozen graph
// of TensorFlow 1.
func Read(path string) (*Graph, error) {
	def, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	g, err := readDef(def)
	if err != nil {
		return nil, fmt.Errorf("graph: %s: %w", path, err)
	}
	return g, nil
}

// readDef returns the graph of a GraphDef out of a file, which may be another kind of
// file.
func readDef(def []byte) (*Graph, error) {
	if len(def) == 0 {
		return nil, fmt.Errorf("%w: the file is empty", ErrNoModel)
	}
	if kind := filekind.OfBytes(def); kind.Known() {
		return nil, fmt.Errorf("%w: it is %v", ErrNoModel, kind)
	}
	if err := savedmodel.CheckGraph(def); err != nil {
		return nil, err
	}
	c, err := tfc.NewGraph()
	if err != nil {
		return nil, err
	}
	g := &Graph{c: c}
	if err := g.importDef(def, ""); err != nil {
		c.Close()
		return nil, err
	}
	return g, nil
}

// Import adds the operations of a serialized GraphDef, their names preceded by
// prefix and a slash if prefix is not empty. Those that ask for a device of another
// process, as in a cluster, ask for this one's of the same kind and number afterwards.
func (g *Graph) Import(def []byte, prefix string) error {
	if err := savedmodel.CheckGraph(def); err != nil {
		return fmt.Errorf("graph: import: %w", err)
	}
	if err := g.importDef(def, prefix); err != nil {
		return fmt.Errorf("graph: import: %w", err)
	}
	return nil
}

func (g *Graph) importDef(def []byte, prefix string) error {
	def, found := pins.Graph(def, pins.Local)
	if err := g.c.Import(def, prefix); err != nil {
		return err
	}
	g.pin(found, prefix)
	return nil
}

// pin notes devices that operations which were added ask for.
func (g *Graph) pin(found pins.List, prefix string) {
	g.building.Lock()
	defer g.building.Unlock()
	for _, p := range found {
		if prefix != "" {
			p.Node = prefix + "/" + p.Node
		}
		g.pins.Add(p)
	}
}

// pinned lists the devices that operations ask for.
func (g *Graph) pinned() pins.List {
	g.building.Lock()
	defer g.building.Unlock()
	return slices.Clone(g.pins)
}

// GraphDef returns the graph as a serialized GraphDef.
func (g *Graph) GraphDef() ([]byte, error) { return g.c.GraphDef() }

// Close gives the graph back. Sessions that run it keep what they need.
func (g *Graph) Close() { g.c.Close() }

// Operation is a node of a graph.
type Operation struct {
	Name    string
	Type    string // the op it runs, "MatMul"
	Device  string // the device it asks for, empty for any
	Outputs int    // how many tensors it makes
}

// Operations walks all operations of the graph.
func (g *Graph) Operations() iter.Seq[Operation] {
	return func(yield func(Operation) bool) {
		for op := range g.c.Operations() {
			if !yield(Operation{Name: op.Name(), Type: op.Type(), Device: op.Device(), Outputs: op.NumOutputs()}) {
				return
			}
		}
	}
}

// Inputs describes the graph's placeholders: what a step must be fed.
func (g *Graph) Inputs() ([]Spec, error) {
	return g.specs(func(op tfc.Operation) bool { return isPlaceholder(op) })
}

// Outputs describes the tensors that no operation takes: most often what a
// step is run for.
func (g *Graph) Outputs() ([]Spec, error) {
	taken := make(map[string]bool)
	for op := range g.c.Operations() {
		for i := range op.NumInputs() {
			in, err := op.Input(i)
			if err != nil {
				return nil, fmt.Errorf("graph: %w", err)
			}
			taken[in.Op.Name()] = true
		}
	}
	return g.specs(func(op tfc.Operation) bool { return !taken[op.Name()] && !isPlaceholder(op) })
}

func isPlaceholder(op tfc.Operation) bool {
	return strings.HasPrefix(op.Type(), "Placeholder")
}

// specs describes the outputs of the operations that want is true for.
func (g *Graph) specs(want func(tfc.Operation) bool) ([]Spec, error) {
	var list []Spec
	for op := range g.c.Operations() {
		if !want(op) {
			continue
		}
		for i := range op.NumOutputs() {
			o := tfc.Output{Op: op, Index: i}
			s, err := specOf(o.String(), o)
			if err != nil {
				return nil, fmt.Errorf("graph: %s: %w", o, err)
			}
			list = append(list, s)
		}
	}
	slices.SortFunc(list, func(a, b Spec) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// output finds a tensor by its name, "MatMul:0"; ":0" may be left out.
func (g *Graph) output(name string) (tfc.Output, error) {
	opName, index := name, 0
	if i := strings.LastIndexByte(name, ':'); i >= 0 {
		n, err := strconv.Atoi(name[i+1:])
		if err != nil {
			return tfc.Output{}, fmt.Errorf("graph: tensor name %q: want the form operation:index", name)
		}
		opName, index = name[:i], n
	}
	op, err := g.operation(opName)
	if err != nil {
		return tfc.Output{}, err
	}
	o, err := op.Output(index)
	if err != nil {
		return tfc.Output{}, fmt.Errorf("graph: tensor %q: %w", name, err)
	}
	return o, nil
}

func (g *Graph) operation(name string) (tfc.Operation, error) {
	op, ok := g.c.Operation(name)
	if !ok {
		return op, &NameError{Kind: "operation", Name: name, Have: g.similar(name)}
	}
	return op, nil
}

// similar lists the operations of the graph, those that share the name's last
// part first.
func (g *Graph) similar(name string) []string {
	var near, far []string
	last := strings.ToLower(name[strings.LastIndexByte(name, '/')+1:])
	for op := range g.c.Operations() {
		if n := op.Name(); last != "" && strings.Contains(strings.ToLower(n), last) {
			near = append(near, n)
		} else {
			far = append(far, n)
		}
	}
	return append(near, far...)
}
