package eager

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"google.golang.org/protobuf/proto"
	"ndflow/graph"
	"ndflow/internal/pins"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/ops"
	"ndflow/tfc"
)

// How a SavedModel is loaded without a session.
//
// A signature is a part of the model's graph: what its outputs need, back to its
// inputs. So are restoring the variables and setting up what else there is (the
// init op). Each part becomes a function, and resources that several of them use,
// variables and tables, become inputs of the functions: they are made once, and
// their handles are given along with each call.

// loader loads one SavedModel into a context.
type loader struct {
	ctx    *Context
	dir    string
	meta   *tfpb.MetaGraphDef
	saved  *savedmodel.Graph
	used   savedmodel.Closure // what signatures run
	suffix string             // of the names that all of the context share
	device string             // full name, or empty for any
	graph  *tfc.Graph
	model  *Model

	specs   []graph.Signature
	assets  []savedmodel.Asset
	restore part               // empty where nothing is to be restored
	init    part               // empty where nothing is to be set up
	lost    map[string]string  // keys of variables that are restored by those, by node
	handles map[string]*Tensor // of resources, by the tensors that are such
	kept    map[*Tensor]bool   // handles that signatures use
	twins   map[string]string  // nodes that make another handle of a variable, and the first that does
	begin   map[string]part    // what begins the iterators that begin by themselves, by node
	broken  map[string]error   // why a node cannot be run
	count   int                // of functions made of signatures and the like

	described   []graph.SavedFunction
	functions   []*savedFunction
	noFunctions error // why no functions are to be loaded
}

// part is a part of the graph that becomes a function.
type part struct {
	nodes           savedmodel.Closure
	inputs, outputs []string // tensors
	target          string   // an operation that is to run, or empty
}

func (p part) empty() bool { return len(p.nodes) == 0 }

// loads numbers the models that were loaded, so that their names do not meet.
var loads atomic.Int64

// load loads the MetaGraph that the options name. What is wrong with functions that are no
// signatures is no reason not to load the model.
func (c *Context) load(dir string, o *options) (*Model, error) {
	l := &loader{ctx: c, dir: dir}
	m, err := l.load(o)
	if err == nil || !slices.ContainsFunc(l.functions, (*savedFunction).available) {
		return m, err
	}
	without := &loader{ctx: c, dir: dir, noFunctions: bare(err)}
	if m, again := without.load(o); again == nil {
		return m, nil
	}
	return nil, err
}

func (l *loader) load(o *options) (*Model, error) {
	c, dir := l.ctx, l.dir
	device, err := c.device(o.device)
	if err != nil {
		return nil, err
	}
	l.suffix, l.device = fmt.Sprintf("_ndflow%d", loads.Add(1)), device
	l.handles, l.kept = make(map[string]*Tensor), make(map[*Tensor]bool)
	if err := l.read(o.tags); err != nil {
		return nil, err
	}
	if l.model, err = newModel(c, dir, l.meta.GetMetaInfoDef().GetTensorflowVersion()); err != nil {
		return nil, err
	}
	if err = l.plan(); err == nil {
		err = l.setUp()
	}
	if l.graph != nil {
		l.graph.Close()
	}
	l.handOver()
	if err != nil {
		l.model.Close()
		return nil, fmt.Errorf("eager: load %s: %w", dir, err)
	}
	return l.model, nil
}

// handOver gives the model the handles that its signatures use. Others are let go.
func (l *loader) handOver() {
	rest := &modelResource{ctx: l.ctx}
	for _, h := range l.handles {
		if l.kept[h] {
			l.model.res.handles = append(l.model.res.handles, h)
		} else {
			rest.handles = append(rest.handles, h)
		}
	}
	rest.free()
}

// read finds the MetaGraph with the given tags.
func (l *loader) read(tags []string) error {
	file, err := savedmodel.Read(l.dir)
	if err != nil {
		return fmt.Errorf("eager: %w", err)
	}
	list, err := graph.Describe(l.dir)
	if err != nil {
		return err
	}
	unknown := &graph.NameError{Package: "eager", Kind: "tag set", Name: strings.Join(tags, ",")}
	for i, meta := range list {
		if savedmodel.SameTags(meta.Tags, tags) {
			l.meta, l.specs, l.described = file.GetMetaGraphs()[i], meta.Signatures, meta.Functions
			return nil
		}
		unknown.Have = append(unknown.Have, strings.Join(meta.Tags, ","))
	}
	return fmt.Errorf("%w (in %s)", unknown, l.dir)
}

// plan finds out what of the graph restores, sets up and is run.
func (l *loader) plan() (err error) {
	if l.meta.GraphDef, l.model.moved, err = l.ctx.settle(l.meta.GetGraphDef(), pins.Graph); err != nil {
		return err
	}
	if l.saved, err = savedmodel.ParseGraph(l.meta); err != nil {
		return err
	}
	if err := l.saved.CheckParts(l.dir); err != nil {
		return err
	}
	if l.assets, err = savedmodel.Assets(l.meta, l.dir); err != nil {
		return err
	}
	if err := l.findAvailable(); err != nil {
		return err
	}
	if op := savedmodel.InitOp(l.meta); op != "" {
		if l.init, err = l.part(l.assetTensors(), nil, op); err != nil {
			return err
		}
		if len(l.init.nodes) == 1 {
			l.init = part{} // a NoOp: there is nothing to do
		}
	}
	if s := l.meta.GetSaverDef(); s.GetRestoreOpName() != "" {
		if l.restore, err = l.part([]string{s.GetFilenameTensorName()}, nil, s.GetRestoreOpName()); err != nil {
			return err
		}
	}
	l.begin, l.broken = make(map[string]part), make(map[string]error)
	for node, op := range l.saved.Begin(l.used) {
		if l.begin[node], err = l.part(nil, nil, op); err != nil {
			return err
		}
	}
	l.twins = l.saved.Twins()
	return l.planRestore()
}

// findAvailable finds out which signatures and functions can be had with the ops that
// there are. That none can is an error.
func (l *loader) findAvailable() error {
	a, err := l.saved.Available(l.ctx.ops.Registered)
	if err != nil {
		return err
	}
	l.used = a.Used
	if err := l.planFunctions(a); err != nil {
		return err
	}
	functions := slices.ContainsFunc(l.functions, (*savedFunction).available)
	for i := range l.specs {
		spec := &l.specs[i]
		problem, found := a.Problems[spec.Name]
		if found && len(a.Problems) == len(l.specs) && !functions {
			return fmt.Errorf("signature %q is %w: %s: %w", spec.Name, ErrUnavailable, problem, tfc.NotFound)
		}
		if found {
			spec.Problem = problem
		}
	}
	return nil
}

func (l *loader) assetTensors() []string {
	list := make([]string, len(l.assets))
	for i, a := range l.assets {
		list[i] = a.Tensor
	}
	return list
}

// part is what it takes to compute outputs and to run target.
func (l *loader) part(inputs, outputs []string, target string) (part, error) {
	targets := outputs
	if target != "" {
		targets = append(slices.Clone(outputs), target)
	}
	nodes, err := l.saved.Closure(targets, inputs)
	return part{nodes: nodes, inputs: inputs, outputs: outputs, target: target}, err
}

// setUp makes the functions and runs all but those of the signatures.
func (l *loader) setUp() error {
	if err := l.importGraph(); err != nil {
		return err
	}
	if err := l.makeHandles(); err != nil {
		return err
	}
	if err := l.runRestore(); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := l.runInit(); err != nil {
		return fmt.Errorf("init op: %w", err)
	}
	if err := l.beginIterators(); err != nil {
		return err
	}
	if err := l.makeVariables(); err != nil {
		return err
	}
	for _, spec := range l.specs {
		l.model.signatures[spec.Name] = l.signature("signature", spec)
	}
	l.makeFunctions()
	return bare(l.ctx.Sync())
}

// importGraph makes a graph of the parts, and adds the functions that they call
// to the context.
func (l *loader) importGraph() error {
	keep := maps.Clone(l.used)
	maps.Copy(keep, l.init.nodes)
	maps.Copy(keep, l.restore.nodes)
	for _, p := range l.begin {
		maps.Copy(keep, p.nodes)
	}
	given := append(l.assetTensors(), l.restore.inputs...)
	for _, spec := range l.specs {
		if spec.Problem == "" {
			given = append(given, tensorsOf(spec.Inputs)...)
		}
	}
	for _, f := range l.functions {
		for _, o := range f.overloads {
			given = append(given, tensorsOf(o.call.Inputs)...)
		}
	}
	fed, err := l.saved.Closure(given, nil) // a fed tensor's operation must be there, and what that takes
	if err != nil {
		return err
	}
	maps.Copy(keep, fed)
	functions, err := l.saved.Isolate(keep, l.suffix, l.hasSharedName)
	if err != nil {
		return err
	}
	// The context has the functions; the graph need not, unless they are ops in it: to take
	// them in is most of the time that it takes to load a model.
	names := make(map[string]bool, len(functions))
	for _, f := range functions {
		names[f.GetSignature().GetName()] = true
	}
	if !slices.ContainsFunc(l.saved.Def.GetNode(), func(n *tfpb.NodeDef) bool { return names[n.GetOp()] }) {
		l.saved.Def.Library = nil
	}
	def, err := proto.Marshal(l.saved.Def)
	if err != nil {
		return err
	}
	if l.graph, err = tfc.NewGraph(); err != nil {
		return err
	}
	if err := l.graph.Import(def, ""); err != nil {
		return err
	}
	for _, f := range functions {
		raw, err := proto.Marshal(f)
		if err != nil {
			return err
		}
		if err := l.addFunction(f.GetSignature().GetName(), raw); err != nil {
			return err
		}
	}
	return nil
}

// tensorsOf lists the tensors that specs name, without those that consist of
// several.
func tensorsOf(specs []graph.Spec) []string {
	var list []string
	for _, s := range specs {
		if s.Tensor != "" {
			list = append(list, s.Tensor)
		}
	}
	return list
}

// hasSharedName reports whether an op has the attribute shared_name.
func (l *loader) hasSharedName(op string) bool {
	def, err := l.ctx.def(op)
	return err == nil && slices.ContainsFunc(def.Attrs, func(a ops.AttrDef) bool { return a.Name == "shared_name" })
}

func (l *loader) addFunction(name string, def []byte) error {
	if err := l.ctx.c.AddFunctionDef(def); err != nil {
		return fmt.Errorf("function %q: %w", name, err)
	}
	l.model.res.functions = append(l.model.res.functions, name)
	return nil
}

// runInit sets up what there is beside variables, such as tables.
func (l *loader) runInit() error {
	if l.init.empty() {
		return nil
	}
	f, err := l.function("init", l.init)
	if err != nil {
		return err
	}
	paths := make([]*Tensor, len(l.assets))
	defer closeAll(paths)
	for i, a := range l.assets {
		if paths[i], err = Scalar(l.ctx, a.Path); err != nil {
			return err
		}
	}
	return l.run(f, paths...)
}

// beginIterators begins the iterators that begin by themselves. One that fails to, for a
// file that is not there say, is the loss of the signatures that use it.
func (l *loader) beginIterators() error {
	for i, node := range slices.Sorted(maps.Keys(l.begin)) {
		f, err := l.function(fmt.Sprintf("begin%d", i), l.begin[node])
		if err != nil {
			return err
		}
		if err := l.run(f); err != nil {
			l.broken[node] = err
		}
	}
	return nil
}

// run runs a function that makes nothing.
func (l *loader) run(f *Function, inputs ...*Tensor) error {
	if _, err := l.call(f.name, append(inputs, f.captures...)...); err != nil {
		return err
	}
	return bare(l.ctx.Sync())
}

// call calls a function that is not needed any more afterwards.
func (l *loader) call(function string, inputs ...*Tensor) ([]*Tensor, error) {
	o := l.ctx.Op(function).Device(l.device).Input(inputs...)
	defer o.Close()
	if err := o.prepare(); err != nil { // or it would be prepared for calls to come
		return nil, err
	}
	ts, err := o.Run()
	if err != nil {
		return nil, bare(err)
	}
	return ts, l.model.res.removeFunction(function)
}
