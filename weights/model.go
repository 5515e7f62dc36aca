package weights

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ndflow/graph"
	"ndflow/internal/bundle"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/tfc"
)

// savedModel is a SavedModel's folder: what its variables are called, and where they are
// in the checkpoint.
type savedModel struct {
	dir       string
	file      *tfpb.SavedModel
	meta      *tfpb.MetaGraphDef
	entries   map[string]tfc.CheckpointEntry // of the checkpoint, by key
	reader    *tfc.CheckpointReader          // nil where there is no checkpoint
	used, all []variable                     // in alphabetical order
}

// variable is a variable that was saved.
type variable struct {
	name, key string
	also      []string // other keys, from which other loaders read it
	shape     []int    // as the model declares it; nil for any
}

// keys are all that the variable is saved under.
func (v variable) keys() []string { return append([]string{v.key}, v.also...) }

// openModel opens the variables of a SavedModel.
func openModel(dir string, o options) (Source, error) {
	m, err := readModel(dir, o.tags)
	if err != nil {
		return nil, err
	}
	list := m.listed()
	if o.all {
		list = m.all
	}
	if m.reader == nil {
		return &npySource{infos: newInfos(nil)}, nil // it has no variables
	}
	s := &checkpointSource{prefix: savedmodel.Variables(dir), reader: m.reader}
	infos := make([]Info, len(list))
	for i, v := range list {
		e := m.entries[v.key]
		infos[i] = Info{Name: v.name, DType: e.DataType.DType(), Shape: e.Shape}
		s.keys = append(s.keys, v.key)
	}
	s.infos = newInfos(infos)
	return s, nil
}

// readModel finds a model's variables. The caller closes the reader.
func readModel(dir string, tags []string) (*savedModel, error) {
	m := &savedModel{dir: dir, entries: make(map[string]tfc.CheckpointEntry)}
	var err error
	if m.file, err = savedmodel.Read(dir); err != nil {
		return nil, err
	}
	if m.meta, err = chooseGraph(m.file, tags); err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if err := m.openCheckpoint(); err != nil {
		return nil, err
	}
	if err := m.findVariables(); err != nil {
		m.close()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return m, nil
}

func (m *savedModel) close() {
	if m.reader != nil {
		m.reader.Close()
	}
}

// listed are the variables that signatures use; all of a model whose signatures use none.
func (m *savedModel) listed() []variable {
	if len(m.used) == 0 {
		return m.all
	}
	return m.used
}

// chooseGraph finds the MetaGraph with the given tags; the one for serving, or the only
// one, for nil.
func chooseGraph(file *tfpb.SavedModel, tags []string) (*tfpb.MetaGraphDef, error) {
	list := file.GetMetaGraphs()
	want := tags
	if tags == nil {
		if want = []string{"serve"}; len(list) == 1 {
			return list[0], nil
		}
	}
	unknown := &graph.NameError{Package: "weights", Kind: "tag set", Name: strings.Join(want, ",")}
	for _, meta := range list {
		have := meta.GetMetaInfoDef().GetTags()
		if savedmodel.SameTags(have, want) {
			return meta, nil
		}
		unknown.Have = append(unknown.Have, strings.Join(have, ","))
	}
	return nil, unknown
}

func (m *savedModel) openCheckpoint() error {
	prefix := savedmodel.Variables(m.dir)
	if !bundle.Exists(prefix) {
		return nil
	}
	var err error
	if m.reader, _, err = openReader(prefix); err != nil {
		return err
	}
	for _, e := range m.reader.Entries() {
		m.entries[e.Key] = e
	}
	return nil
}

// findVariables finds the names of what the checkpoint has.
func (m *savedModel) findVariables() error {
	g, err := savedmodel.ParseGraph(m.meta)
	if err != nil {
		return err
	}
	if err := g.CheckCheckpoint(m.dir); err != nil {
		if errors.Is(err, savedmodel.ErrMissing) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return err
	}
	used, err := g.Signatures()
	if err != nil {
		return err
	}
	objectGraph, err := m.objectGraph()
	if err != nil {
		return err
	}
	restored, byObject, err := keysByNode(g, used, objectGraph)
	if err != nil {
		return err
	}
	names := make(map[string]bool)
	keys := make(map[string]bool)
	twins := g.Twins()
	for _, node := range used.Names() {
		name, n := node, used[node]
		if first, ok := twins[node]; ok {
			name = first
		}
		if !savedmodel.IsVariable(n) || names[name] {
			continue
		}
		found := m.known(restored[name], byObject[name])
		if len(found) == 0 {
			found = m.known(name, name+savedmodel.ValueSuffix)
		}
		if len(found) == 0 {
			continue // it is not saved: its value comes from setting the model up
		}
		v := variable{name: name, key: found[0], also: found[1:], shape: declaredShape(n)}
		if whole := m.entries[v.key].Shape; !fits(v.shape, whole) {
			v.name, v.shape = v.key, whole // one of several parts, which are saved as a whole
		}
		names[name] = true
		if keys[v.key] {
			continue
		}
		names[v.name] = true
		for _, key := range v.keys() {
			keys[key] = true
		}
		m.used = append(m.used, v)
	}
	m.all = slices.Clone(m.used)
	objects, err := savedmodel.VariableObjects(m.meta, objectGraph)
	if err != nil {
		return err
	}
	objectName := make(map[string]string)
	for _, o := range objects {
		objectName[o.Key] = o.Name
	}
	for _, key := range slices.Sorted(maps.Keys(m.entries)) {
		if keys[key] || key == savedmodel.CheckpointGraph {
			continue
		}
		name := objectName[key]
		for _, other := range []string{strings.TrimSuffix(key, savedmodel.ValueSuffix), key} {
			if name == "" || names[name] {
				name = other
			}
		}
		names[name] = true
		m.all = append(m.all, variable{name: name, key: key, shape: m.entries[key].Shape})
	}
	byName := func(a, b variable) int { return strings.Compare(a.name, b.name) }
	slices.SortFunc(m.used, byName)
	slices.SortFunc(m.all, byName)
	return nil
}

// objectGraph reads what the checkpoint says of the objects that it was saved from; nil
// for TensorFlow 1, which had none.
func (m *savedModel) objectGraph() ([]byte, error) {
	e, ok := m.entries[savedmodel.CheckpointGraph]
	if !ok || e.DataType != tfc.StringType {
		return nil, nil
	}
	t, err := m.reader.Tensor(e.Key)
	if err != nil {
		return nil, damage(err)
	}
	a, err := t.View()
	if err != nil {
		t.Close()
		return nil, err
	}
	text, err := npy.Values[string](a)
	if err != nil || len(text) != 1 {
		return nil, fmt.Errorf("%w: its object graph is %v %v", ErrDamaged, a.DType(), a.Shape())
	}
	return []byte(text[0]), nil
}

// keysByNode tells the checkpoint's keys of variables by the nodes that make their
// handles: as the graph restores them, which is what sessions do, and as objects say.
func keysByNode(g *savedmodel.Graph, used savedmodel.Closure, objectGraph []byte) (restored, byObject map[string]string, err error) {
	if restored, err = g.RestoredKeys(); err != nil {
		return nil, nil, err
	}
	objects, err := g.Objects(used)
	if err != nil {
		return nil, nil, err
	}
	if byObject, err = objects.Keys(objectGraph); err != nil {
		return nil, nil, err
	}
	// A variable can have several nodes that make its handle.
	for node, first := range g.Twins() {
		for _, keys := range []map[string]string{restored, byObject} {
			if key, ok := keys[node]; ok && keys[first] == "" {
				keys[first] = key
			}
		}
	}
	return restored, byObject, nil
}

// known lists those of two keys that the checkpoint has, each once.
func (m *savedModel) known(a, b string) (keys []string) {
	for _, key := range []string{a, b} {
		if _, ok := m.entries[key]; ok && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// declaredShape is a variable's shape in the graph, with -1 for what is not fixed; nil
// where not even the rank is.
func declaredShape(n *tfpb.NodeDef) []int {
	return shapeOf(n.GetAttr()["shape"].GetShape())
}

func shapeOf(s *tfpb.TensorShapeProto) []int {
	if s == nil || s.GetUnknownRank() {
		return nil
	}
	shape := make([]int, len(s.GetDim()))
	for i, d := range s.GetDim() {
		shape[i] = int(d.GetSize())
	}
	return shape
}
