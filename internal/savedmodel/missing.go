package savedmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/bundle"
	"ndflow/internal/tfpb"
)

// CheckParts looks whether all is there that the model takes from its folder when it is
// loaded: the tensors that its restore op reads, whatever they are the content of
// (variables, tables, iterators), the variables that only the objects tell of, and the
// files that tables and signatures read. TensorFlow loads a model without its checkpoint
// as if it had none: tables are empty then, and variables fail at each step. What the
// model has no use for may be missing. The error names what is missing, and is
// [ErrMissing], or [ErrDamaged] where the checkpoint's files are not as they should be.
func (g *Graph) CheckParts(dir string) error {
	return errors.Join(g.CheckCheckpoint(dir), g.checkAssets(dir))
}

// CheckCheckpoint is the part of [Graph.CheckParts] that is about the checkpoint.
func (g *Graph) CheckCheckpoint(dir string) error {
	restored, err := g.restoredTensors()
	if err != nil {
		return err
	}
	lost, err := g.lostVariables()
	if err != nil {
		return err
	}
	return checkCheckpoint(dir, restored, lost)
}

// checkCheckpoint looks whether the checkpoint has the tensors that are restored, and
// is there if variables are lost without it.
func checkCheckpoint(dir string, restored, lost []string) error {
	prefix := Variables(dir)
	index := filepath.ToSlash(Variables("")) + bundle.IndexSuffix
	needed := slices.DeleteFunc(slices.Clone(restored), func(key string) bool { return key == CheckpointGraph })
	if !bundle.Exists(prefix) {
		names := slices.Concat(lost, needed)
		if len(names) == 0 {
			return nil
		}
		return fmt.Errorf("%w: the file %s, from which %s to be restored: %w", ErrMissing, index, listed(names), fs.ErrNotExist)
	}
	if len(restored)+len(lost) == 0 {
		return nil
	}
	entries, err := bundle.Read(prefix)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if err != nil {
		return err
	}
	have := make(map[string]bool, len(entries))
	for _, e := range entries {
		have[e.Key] = true
	}
	needed = slices.DeleteFunc(needed, func(key string) bool { return have[key] })
	if len(needed) > 0 {
		return fmt.Errorf("%w: the checkpoint %s has no tensors for %s to be restored", ErrMissing, index, listed(needed))
	}
	return nil
}

// listed names some of those that are to be restored, variables as the program has them.
func listed(names []string) string {
	const most = 10
	quoted := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", strings.TrimSuffix(name, ValueSuffix)))
	}
	text := strings.Join(quoted, ", ")
	switch {
	case len(names) > most:
		return fmt.Sprintf("%s and %d more are", text, len(names)-most)
	case len(names) > 1:
		return text + " are"
	}
	return text + " is"
}

// lostVariables are the variables, by their nodes, that only objects tell how to restore.
// What TensorFlow 1 has saved has no objects: a variable that is not restored there is
// one that the program sets by a step of its own.
func (g *Graph) lostVariables() ([]string, error) {
	if len(g.Meta.GetObjectGraphDef()) == 0 {
		return nil, nil
	}
	used, err := g.Signatures()
	if err != nil {
		return nil, err
	}
	return g.Lost(used)
}

// Unrestored returns an [ErrMissing] that names those variables, by their nodes, which
// are among the objects, and have no key of the checkpoint.
func (o *Objects) Unrestored(nodes []string, keys map[string]string) error {
	var missing []string
	for _, node := range nodes {
		object, ok := o.object(node)
		if _, found := keys[node]; ok && !found && object.GetVariable() != nil {
			missing = append(missing, node)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%w: the checkpoint has no tensors from which %s to be restored", ErrMissing, listed(missing))
}

// checkAssets looks whether the files are there that setting the model up or its
// signatures read.
func (g *Graph) checkAssets(dir string) error {
	list, err := Assets(g.Meta, dir)
	if err != nil || len(list) == 0 {
		return err
	}
	used, err := g.setUp()
	if err != nil {
		return err
	}
	run, err := g.Signatures()
	if err != nil {
		return err
	}
	maps.Copy(used, run)
	var missing []string
	for _, a := range list {
		if _, ok := used[NodeName(a.Tensor)]; !ok {
			continue
		}
		_, err := os.Stat(a.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			name, err := filepath.Rel(dir, a.Path)
			if err != nil {
				return err
			}
			missing = append(missing, filepath.ToSlash(name))
		case err != nil:
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("%w: %s: %w", ErrMissing, strings.Join(slices.Compact(missing), ", "), fs.ErrNotExist)
}

// restoredTensors lists the keys of the checkpoint that the restore op reads: in the
// graph itself, as TensorFlow 1 has it, or in functions that it calls. Keys that are
// computed are not known before.
func (g *Graph) restoredTensors() ([]string, error) {
	s := g.Meta.GetSaverDef()
	if s.GetRestoreOpName() == "" {
		return nil, nil
	}
	closure, err := g.Closure([]string{s.GetRestoreOpName()}, []string{s.GetFilenameTensorName()})
	if err != nil {
		return nil, err
	}
	r := restoreReader{found: make(map[string]bool), calls: make(map[string]bool)}
	var library tfpb.FunctionDefLibrary
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(g.Def.GetLibrary(), &library); err != nil {
		return nil, fmt.Errorf("the graph's functions are %w: %w", ErrDamaged, err)
	}
	r.functions = make(map[string]*tfpb.FunctionDef)
	for _, f := range library.GetFunction() {
		r.functions[f.GetSignature().GetName()] = f
	}
	r.read(slices.Collect(maps.Values(closure)), NodeName(s.GetFilenameTensorName()))
	return slices.Sorted(maps.Keys(r.found)), nil
}

type restoreReader struct {
	functions map[string]*tfpb.FunctionDef
	calls     map[string]bool // functions that were gone into, with the argument that is the checkpoint's name
	found     map[string]bool
}

// read goes through the nodes of the graph or of a function. The checkpoint's name is
// what the node or argument prefix has.
func (r *restoreReader) read(nodes []*tfpb.NodeDef, prefix string) {
	named := make(map[string]*tfpb.NodeDef, len(nodes))
	for _, n := range nodes {
		named[n.GetName()] = n
	}
	// origin is the node that an input comes from, with nothing done to it.
	origin := func(input string) string {
		name := nodeOf(input)
		for range 8 { // a damaged graph may go around for ever
			n := named[name]
			if n.GetOp() != "Identity" || len(n.GetInput()) == 0 {
				break
			}
			name = nodeOf(n.GetInput()[0])
		}
		return name
	}
	for _, n := range nodes {
		switch in := n.GetInput(); n.GetOp() {
		case "RestoreV2":
			if len(in) > 1 && origin(in[0]) == prefix {
				for _, key := range texts(named[origin(in[1])]) {
					r.found[key] = true
				}
			}
		case "PartitionedCall", "StatefulPartitionedCall":
			f := r.functions[n.GetAttr()["f"].GetFunc().GetName()]
			for i, arg := range f.GetSignature().GetInputArg() {
				if i < len(in) && origin(in[i]) == prefix {
					r.call(f, arg.GetName())
				}
			}
		}
	}
}

func (r *restoreReader) call(f *tfpb.FunctionDef, prefix string) {
	key := f.GetSignature().GetName() + "\x00" + prefix
	if !r.calls[key] {
		r.calls[key] = true
		r.read(f.GetNodeDef(), prefix)
	}
}

// texts are the elements of a constant.
func texts(n *tfpb.NodeDef) []string {
	t := n.GetAttr()["value"].GetTensor()
	var list []string
	for _, v := range t.GetStringVal() {
		list = append(list, string(v))
	}
	return list
}
