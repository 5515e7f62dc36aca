package weights

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"ndflow/eager"
	"ndflow/internal/savedmodel"
	"ndflow/ops"
	"ndflow/tfc"
)

// groupBytes is how much is saved by one op, and so lies in one data file and, for the
// time, in memory; or more, where a single tensor has more.
const groupBytes = 64 << 20

// saver writes the checkpoint of a model anew.
type saver struct {
	ctx    *eager.Context
	model  *savedModel
	source Source
	arrays map[string]string // by key: the name in the source; others stay as they are
	prefix string
}

// writeCheckpoint writes all of the model's checkpoint, with the arrays of s in the place
// of variables, to another prefix. Groups of tensors are saved to checkpoints of their own
// (SaveV2), which become one (MergeV2Checkpoints), as TensorFlow itself does it.
func (m *savedModel) writeCheckpoint(ctx context.Context, prefix string, s Source, o options) error {
	ec, err := eager.New()
	if err != nil {
		return err
	}
	defer ec.Close()
	v := &saver{ctx: ec, model: m, source: s, arrays: make(map[string]string), prefix: prefix}
	given := newInfos(s.List()).at
	for _, variable := range m.all {
		if _, ok := given[variable.name]; ok {
			for _, key := range variable.also {
				v.arrays[key] = variable.name
			}
		}
	}
	for _, variable := range m.all { // a variable's own key counts for more
		if _, ok := given[variable.name]; ok {
			v.arrays[variable.key] = variable.name
		}
	}
	var parts []string
	var done, total int64
	for _, e := range m.entries {
		total += entryBytes(e)
	}
	for _, keys := range m.groups() {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.done(done, total)
		part := filepath.Join(prefix+"_temp", fmt.Sprintf("part-%05d", len(parts)))
		if err := v.save(part, keys); err != nil {
			return err
		}
		parts = append(parts, part)
		for _, key := range keys {
			done += entryBytes(m.entries[key])
		}
	}
	if err := v.merge(parts); err != nil {
		return err
	}
	o.done(total, total)
	return nil
}

func entryBytes(e tfc.CheckpointEntry) int64 {
	return Info{DType: e.DataType.DType(), Shape: e.Shape}.Bytes()
}

// groups parts the keys into groups that are saved together.
func (m *savedModel) groups() [][]string {
	var list [][]string
	var size int64
	most := int64(groupBytes)
	for _, e := range m.entries {
		most = max(most, entryBytes(e))
	}
	for _, key := range slices.Sorted(maps.Keys(m.entries)) {
		n := entryBytes(m.entries[key])
		if size += n; len(list) == 0 || size > most {
			list, size = append(list, nil), n
		}
		last := len(list) - 1
		list[last] = append(list[last], key)
	}
	return list
}

// save saves the tensors of some keys to a checkpoint of its own.
func (v *saver) save(prefix string, keys []string) error {
	tensors := make([]*eager.Tensor, 0, len(keys))
	defer func() {
		for _, t := range tensors {
			t.Close()
		}
	}()
	var types []string
	for _, key := range keys {
		t, err := v.tensor(key)
		if err != nil {
			return err
		}
		tensors = append(tensors, t)
		types = append(types, v.model.entries[key].DataType.String())
	}
	fixed, err := v.strings(prefix, keys, make([]string, len(keys)))
	if err != nil {
		return err
	}
	defer closeAll(fixed)
	_, err = v.ctx.Op("SaveV2").Input(fixed...).InputList(tensors...).Attr(ops.TypesNamed("dtypes", types...)).Run()
	return err
}

// tensor is what is to be saved under a key.
func (v *saver) tensor(key string) (*eager.Tensor, error) {
	e := v.model.entries[key]
	name, ok := v.arrays[key]
	if !ok {
		return v.restore(key, e.DataType)
	}
	a, err := ReadAs(v.source, name, e.DataType.DType())
	if err != nil {
		return nil, err
	}
	t, err := v.ctx.Tensor(a)
	if err != nil {
		return nil, err
	}
	if plain, err := tfc.DataTypeOf(a.DType()); err != nil || plain == e.DataType {
		return t, err
	}
	defer t.Close() // a quantized type has the bits of an array's
	return v.ctx.Op("Bitcast").Input(t).Attr(ops.TypeNamed("type", e.DataType.String())).Output()
}

// restore reads a tensor as it is, in TensorFlow's own form.
func (v *saver) restore(key string, t tfc.DataType) (*eager.Tensor, error) {
	fixed, err := v.strings(savedmodel.Variables(v.model.dir), []string{key}, []string{""})
	if err != nil {
		return nil, err
	}
	defer closeAll(fixed)
	x, err := v.ctx.Op("RestoreV2").Input(fixed...).Attr(ops.TypesNamed("dtypes", t.String())).Output()
	if err != nil {
		return nil, damage(err)
	}
	return x, nil
}

// strings makes the inputs that all ops on checkpoints begin with: the prefix, which has
// no dimension, keys, and slices, which are empty for all of each tensor.
func (v *saver) strings(prefix string, lists ...[]string) ([]*eager.Tensor, error) {
	first, err := eager.Scalar(v.ctx, prefix)
	if err != nil {
		return nil, err
	}
	made := []*eager.Tensor{first}
	for _, list := range lists {
		t, err := eager.FromSlice(v.ctx, list)
		if err != nil {
			closeAll(made)
			return nil, err
		}
		made = append(made, t)
	}
	return made, nil
}

// merge makes one checkpoint of those of the groups, whose files are then gone.
func (v *saver) merge(parts []string) error {
	prefixes, err := eager.FromSlice(v.ctx, parts)
	if err != nil {
		return err
	}
	defer prefixes.Close()
	to, err := eager.Scalar(v.ctx, v.prefix)
	if err != nil {
		return err
	}
	defer to.Close()
	_, err = v.ctx.Op("MergeV2Checkpoints").Input(prefixes, to).Bool("delete_old_dirs", true).Run()
	return err
}

func closeAll(ts []*eager.Tensor) {
	for _, t := range ts {
		t.Close()
	}
}
