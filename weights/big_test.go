package weights

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ndflow/eager"
	"ndflow/internal/memory"
	"ndflow/internal/savedmodel"
	"ndflow/npy"
	"ndflow/ops"
)

// withMore is a copy of the model mlp whose checkpoint has so many more tensors of so many
// float32, which nothing uses.
func withMore(t testing.TB, n, size int) string {
	t.Helper()
	dir := copyOf(t, fixture("mlp"))
	c, err := eager.New()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := openReaderAll(fixture("mlp"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var keys, types []string
	var tensors []*eager.Tensor
	defer func() { closeAll(tensors) }()
	add := func(key, dtype string, a *npy.Array) {
		x, err := c.Tensor(a)
		if err != nil {
			t.Fatal(err)
		}
		keys, types, tensors = append(keys, key), append(types, dtype), append(tensors, x)
	}
	for _, i := range s.List() {
		dtype := "float"
		if i.DType == npy.String {
			dtype = "string"
		}
		add(i.Name, dtype, mustRead(t, s, i.Name))
	}
	more := must(npy.New(npy.Float32, size))
	v := must(npy.Values[float32](more))
	for i := range v {
		v[i] = float32(i)
	}
	for i := range n {
		add(fmt.Sprintf("more/%d", i), "float", more)
	}
	v2 := &saver{ctx: c}
	fixed, err := v2.strings(savedmodel.Variables(dir), keys, make([]string, len(keys)))
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(fixed)
	if err := os.RemoveAll(filepath.Join(dir, "variables")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Op("SaveV2").Input(fixed...).InputList(tensors...).Attr(ops.TypesNamed("dtypes", types...)).Run(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// openReaderAll is all of a model's checkpoint, by its keys.
func openReaderAll(dir string) (Source, error) {
	r, _, err := openReader(savedmodel.Variables(dir))
	if err != nil {
		return nil, err
	}
	s := &checkpointSource{reader: r}
	var list []Info
	for _, e := range r.Entries() {
		list, s.keys = append(list, Info{Name: e.Key, DType: e.DataType.DType(), Shape: e.Shape}), append(s.keys, e.Key)
	}
	s.infos = newInfos(list)
	return s, nil
}

// TestMemoryOfTheLargest: a checkpoint of 256 MB is written to an archive in the memory of
// one of its tensors, and to another model in that of one group.
func TestMemoryOfTheLargest(t *testing.T) {
	const n, size = 32, 2 << 20 // 8 MB each
	dir, out := withMore(t, n, size), t.TempDir()
	s := mustOpen(t, dir, All())
	rise := memory.Watch(t, memory.Anonymous)
	err := WriteNPZ(t.Context(), filepath.Join(out, "all.npz"), s)
	have := rise()
	t.Logf("taken out in %d MB", have>>20)
	if err != nil || have > memory.Bound(4*size*4) {
		t.Errorf("memory has risen by %d MB (%v), want the 8 of one tensor", have>>20, err)
	}
	if a := mustRead(t, mustOpen(t, filepath.Join(out, "all.npz")), "more/31"); a.Len() != size || must(npy.Values[float32](a))[12345] != 12345 {
		t.Errorf("have %v", a)
	}
	rise = memory.Watch(t, memory.Anonymous)
	_, err = SaveModel(t.Context(), filepath.Join(out, "new"), dir, arrays{"b2": ramp(3, 4)})
	have = rise()
	t.Logf("put back in %d MB", have>>20)
	if err != nil || have > memory.Bound(3*groupBytes) {
		t.Errorf("memory has risen by %d MB (%v), want the %d of a group", have>>20, err, groupBytes>>20)
	}
	files, err := filepath.Glob(filepath.Join(out, "new", "variables", "*"))
	if err != nil || len(files) < 5 {
		t.Errorf("have %v, want several data files", files)
	}
	made := mustOpen(t, filepath.Join(out, "new"), All())
	if !same(mustRead(t, made, "more/31"), mustRead(t, s, "more/31")) || !same(mustRead(t, made, "b2"), ramp(3, 4)) {
		t.Error("the new model has other values")
	}
}
