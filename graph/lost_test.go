package graph

import (
	"os"
	"path/filepath"
	"testing"
)

// What depends on its past, in the order of the models' README.
func TestExpectedInOrder(t *testing.T) {
	for model, steps := range map[string][][2]string{ // folder and signature
		"counter":      {{"increment", "increment"}, {"read", "read"}, {"reset", "reset"}},
		"tables_v1":    {{"", ""}, {"bump", "bump"}, {"bumped", ""}},
		"keras_tables": {{"", ""}, {"learn", "learn"}, {"learnt", ""}},
	} {
		t.Run(model, func(t *testing.T) {
			m := load(t, model)
			for _, step := range steps {
				in, want := expected(t, model, step[0])
				out, err := m.Call(bg, step[1], in)
				must(t, err)
				for name, w := range want {
					checkStored(t, "Call "+step[0], name, out[name], w, in)
				}
			}
		})
	}
}

// A variable that only the objects tell of is missed when the model is loaded: without a
// checkpoint, and with one of another model.
func TestLostForGood(t *testing.T) {
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(fixture("keras"))))
	must(t, os.RemoveAll(filepath.Join(dir, "variables")))
	_, err := Load(dir)
	wantError(t, err, ErrMissing, "variables/variables.index", `"network/hidden/kernel"`)
	must(t, os.CopyFS(filepath.Join(dir, "variables"), os.DirFS(filepath.Join(fixture("counter"), "variables"))))
	_, err = Load(dir)
	wantError(t, err, ErrMissing, "variables/variables.index")
}
