package graph

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ndflow/internal/pins"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/tfc"
)

// DefaultSignature is the signature that Run uses where a model has it.
const DefaultSignature = "serving_default"

// Model is a loaded SavedModel: a session with named signatures. It is safe
// for concurrent use.
type Model struct {
	dir        string
	session    *Session
	signatures map[string]Signature
	version    string
	single     bool
}

// Load loads the SavedModel in the folder dir: the MetaGraph tagged "serve",
// unless [WithTags] says otherwise. Variables are restored and tables filled.
// That includes the variables of models which Keras 3 wrote with
// tf.saved_model.save, that session loaders know nothing of.
//
// A model of which a part is missing, its checkpoint, a tensor in that or an asset, is an
// [ErrMissing] that names it, and one whose files are not as they should be an
// [ErrDamaged]: both are found before TensorFlow takes the model in.
//
// Where the model has an op that TensorFlow lacks, what needs it is left out of the graph,
// and the signatures that need it fail when they are called, with [ErrUnavailable];
// [Signature].Problem says so. The others work. If none is left it is an error.
//
// The caller closes the model.
func Load(dir string, opts ...Option) (*Model, error) {
	o := newOptions(opts)
	m, err := loadModel(dir, o)
	if errors.Is(err, tfc.Unimplemented) && o.singleThread() {
		o.config.Experimental = nil
		return loadModel(dir, o)
	}
	return m, err
}

func loadModel(dir string, o *options) (*Model, error) {
	so, err := o.session()
	if err != nil {
		return nil, err
	}
	gate, err := newGate(o)
	if err != nil {
		return nil, err
	}
	meta, err := readMeta(dir, o.tags)
	if err != nil {
		return nil, err
	}
	var found pins.List
	meta.GraphDef, found = pins.Graph(meta.GetGraphDef(), pins.Local)
	lost, lacks, err := checkModel(dir, meta)
	if err != nil {
		return nil, fmt.Errorf("graph: load %s: %w", dir, err)
	}
	signatures, err := signaturesFrom(meta)
	if err != nil {
		return nil, fmt.Errorf("graph: load %s: %w", dir, err)
	}
	meta.GraphDef = nil // TensorFlow reads it itself, and it can be large
	if o.config.Strict {
		if err := strictDevices(found, so); err != nil {
			return nil, fmt.Errorf("graph: load %s: %w", dir, err)
		}
	}
	c, err := (*tfc.Session)(nil), lacks
	if lacks == nil {
		c, err = loadSession(dir, o, so, found)
	}
	if lacks != nil || lacksOp(err) {
		c, lost, err = loadWithout(dir, o, so, signatures, err)
	}
	if err != nil {
		return nil, fmt.Errorf("graph: load %s: %w", dir, err)
	}
	m := &Model{
		dir:        dir,
		session:    sessionOf(c, &Graph{c: c.Graph()}, o, gate),
		signatures: signatures,
		version:    meta.GetMetaInfoDef().GetTensorflowVersion(),
		single:     o.singleThread(),
	}
	if err = m.session.checkDevice(o.device); err == nil {
		err = m.session.settle(found, o.config.Strict)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	if err := m.restoreLost(lost); err != nil {
		m.Close()
		return nil, fmt.Errorf("graph: load %s: %w", dir, err)
	}
	return m, nil
}

// loadSession lets TensorFlow load a model. Soft placement is for devices of this process
// only, so that those of others, and what is no device, are changed in a copy of the graph.
func loadSession(dir string, o *options, so tfc.SessionOptions, found pins.List) (*tfc.Session, error) {
	foreign := func(p pins.Pin) bool { return pins.Local(p.Device) != p.Device }
	if o.config.Strict || !slices.ContainsFunc(found, foreign) {
		return tfc.LoadSavedModel(dir, o.tags, so)
	}
	files, err := savedmodel.Repin(dir, pins.Local)
	if err != nil {
		return nil, err
	}
	c, err := tfc.LoadSavedModel(files.Path, o.tags, so)
	if err = errors.Join(files.Named(err), files.Remove()); err != nil {
		if c != nil {
			c.Close()
		}
		return nil, err
	}
	return c, nil
}

// readMeta reads the MetaGraph with the given tags.
func readMeta(dir string, tags []string) (*tfpb.MetaGraphDef, error) {
	file, err := savedmodel.Read(dir)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	unknown := &NameError{Kind: "tag set", Name: strings.Join(tags, ",")}
	for _, meta := range file.GetMetaGraphs() {
		have := meta.GetMetaInfoDef().GetTags()
		if savedmodel.SameTags(have, tags) {
			return meta, nil
		}
		unknown.Have = append(unknown.Have, strings.Join(have, ","))
	}
	return nil, fmt.Errorf("%w (in %s)", unknown, dir)
}

// checkModel looks whether all parts of a model are there, before TensorFlow takes it
// in. It returns what is to be restored afterwards, nil for nothing, and which signature
// lacks an op, if one does: TensorFlow itself finds that out only when it is run, where
// the op is in a function.
func checkModel(dir string, meta *tfpb.MetaGraphDef) (lost *lostVariables, lacks, err error) {
	g, err := savedmodel.ParseGraph(meta)
	if err != nil {
		return nil, nil, err
	}
	if err := g.CheckParts(dir); err != nil {
		return nil, nil, err
	}
	if lost, err = findLost(g); err != nil {
		return nil, nil, err
	}
	a, err := available(g)
	if err != nil {
		return nil, nil, err
	}
	for name, problem := range a.Problems {
		lacks = fmt.Errorf("signature %q: %s: %w", name, problem, tfc.NotFound)
	}
	return lost, lacks, nil
}

// Close cancels the steps that run and gives the model back: see [Session.Close]. Those
// steps, and Runners afterwards, fail with [ErrClosed].
func (m *Model) Close() {
	m.session.Close()
	m.session.graph.Close()
}

// Session returns the session that the model runs in, for those who want its
// tensors by TensorFlow's names. It ends with the model.
func (m *Model) Session() *Session { return m.session }

// Version returns the version of TensorFlow that saved the model.
func (m *Model) Version() string { return m.version }

// SingleThread reports whether the model was asked to run as [WithSingleThread]
// says, and does.
func (m *Model) SingleThread() bool { return m.single }

// Signatures lists the signatures in alphabetical order.
func (m *Model) Signatures() []Signature { return sorted(m.signatures) }

func sorted(signatures map[string]Signature) []Signature {
	list := make([]Signature, 0, len(signatures))
	for _, name := range slices.Sorted(maps.Keys(signatures)) {
		list = append(list, signatures[name])
	}
	return list
}

// Signature returns the named signature. The empty name stands for
// [DefaultSignature], or for the only one where the model has just one.
func (m *Model) Signature(name string) (Signature, error) {
	if name == "" {
		name = DefaultSignature
		if _, ok := m.signatures[name]; !ok && len(m.signatures) == 1 {
			return m.Signatures()[0], nil
		}
	}
	sig, ok := m.signatures[name]
	if !ok {
		return sig, &NameError{Kind: "signature", Name: name, Have: slices.Sorted(maps.Keys(m.signatures))}
	}
	return sig, nil
}

// Runner prepares a signature; the empty name is the default one.
func (m *Model) Runner(signature string) (*Runner, error) {
	return m.runner(signature, newTuner())
}

func (m *Model) runner(signature string, t *tuner) (*Runner, error) {
	if m.session.c.Closed() {
		return nil, fmt.Errorf("graph: model %s: %w", m.dir, ErrClosed)
	}
	sig, err := m.Signature(signature)
	if err != nil {
		return nil, err
	}
	if err := sig.err(); err != nil {
		return nil, err
	}
	inputs, err := m.ports(sig, "input", sig.Inputs)
	if err != nil {
		return nil, err
	}
	outputs, err := m.ports(sig, "output", usable(sig.Outputs))
	if err != nil {
		return nil, err
	}
	var targets []tfc.Operation
	if sig.Target != "" {
		op, err := m.session.graph.operation(sig.Target)
		if err != nil {
			return nil, fmt.Errorf("graph: signature %q: %w", sig.Name, err)
		}
		targets = []tfc.Operation{op}
	}
	r := newRunner(fmt.Sprintf("signature %q", sig.Name), m.session, inputs, outputs, targets, t)
	r.all = sig.Outputs
	return r, nil
}

func (m *Model) ports(sig Signature, kind string, specs []Spec) ([]port, error) {
	ports := make([]port, len(specs))
	for i, spec := range specs {
		o, err := m.session.graph.output(spec.Tensor)
		if err != nil {
			return nil, fmt.Errorf("graph: signature %q: %s %q: %w", sig.Name, kind, spec.Name, err)
		}
		ports[i] = port{spec: spec, output: o, optional: spec.HasDefault}
	}
	return ports, nil
}

// Run runs the default signature once: arrays in by name, arrays out by name.
// The results are the caller's own. Outputs that have no array form, such as sparse ones
// ([Spec].Problem) and resources, are left out. A signature with no outputs is run for
// what it does, and gives an empty map.
func (m *Model) Run(ctx context.Context, feeds Feeds) (map[string]*npy.Array, error) {
	return m.Call(ctx, "", feeds)
}

// Call is Run for the named signature.
func (m *Model) Call(ctx context.Context, signature string, feeds Feeds) (map[string]*npy.Array, error) {
	pool, key := &m.session.pool, "signature\x02"+signature+"\x01"+strings.Join(sortedNames(feeds), "\x00")
	r, err := pool.take(key, func(t *tuner) (*Runner, error) { return m.runner(signature, t) })
	if err != nil {
		return nil, err
	}
	defer pool.give(key, r)
	for name, a := range feeds {
		if err := r.Feed(name, a); err != nil {
			return nil, err
		}
	}
	if err := r.Run(ctx); err != nil {
		return nil, err
	}
	out := make(map[string]*npy.Array, len(r.outputs))
	for i := range r.outputs {
		if r.outputs[i].spec.DType == npy.Invalid {
			continue
		}
		name := r.outputs[i].spec.Name
		if out[name], err = r.copyOut(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}
