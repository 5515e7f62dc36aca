package tfc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ndflow/npy"
)

const mlpVariables = "../testdata/models/mlp/variables/variables"

func TestCheckpointReader(t *testing.T) {
	r, err := NewCheckpointReader(mlpVariables)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	want := map[string][]int{
		"b1/.ATTRIBUTES/VARIABLE_VALUE": {8}, "b2/.ATTRIBUTES/VARIABLE_VALUE": {4},
		"w1/.ATTRIBUTES/VARIABLE_VALUE": {16, 8}, "w2/.ATTRIBUTES/VARIABLE_VALUE": {8, 4},
		"_CHECKPOINTABLE_OBJECT_GRAPH": {},
	}
	if len(r.Entries()) != len(want) {
		t.Errorf("have %v, want %d tensors", r.Entries(), len(want))
	}
	for _, e := range r.Entries() {
		x, err := r.Tensor(e.Key)
		if err != nil {
			t.Fatal(err)
		}
		a, err := x.View()
		if err != nil {
			t.Fatal(err)
		}
		shape, ok := want[e.Key]
		if !ok || !slices.Equal(a.Shape(), shape) || !slices.Equal(e.Shape, shape) || a.DType() != e.DataType.DType() {
			t.Errorf("%s: have %v %v, and %v, want shape %v", e.Key, a.DType(), a.Shape(), e, shape)
		}
		if a.DType() == npy.Float32 && a.Bytes()[3] == 0 && a.Bytes()[7] == 0 {
			t.Errorf("%s begins with zeros: % x", e.Key, a.Bytes()[:8])
		}
		a.Release()
	}
	if _, err := r.Tensor("none"); !errors.Is(err, NotFound) {
		t.Errorf("a tensor that is not there: %v", err)
	}
	r.Close()
	r.Close()
	if _, err := r.Tensor("b1/.ATTRIBUTES/VARIABLE_VALUE"); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestCheckpointReaderGoesOn: TensorFlow's own reader ends the process when it is used
// after an error.
func TestCheckpointReaderGoesOn(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(mlpVariables))); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "variables.data-00000-of-00001")
	b, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	b[3] ^= 1 // the variables lie in the order of their keys
	if err := os.WriteFile(data, b, 0o666); err != nil {
		t.Fatal(err)
	}
	r, err := NewCheckpointReader(filepath.Join(dir, "variables"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	failed := 0
	for range 2 {
		for _, e := range r.Entries() {
			x, err := r.Tensor(e.Key)
			if err == nil {
				x.Close()
				continue
			}
			failed++
			if !errors.Is(err, DataLoss) {
				t.Errorf("%s: have %v, want %v", e.Key, err, DataLoss)
			}
		}
	}
	if failed != 2 {
		t.Errorf("%d tensors could not be read, want one, twice", failed)
	}
}

func TestCheckpointReaderOnWhatIsNone(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"empty.index": "", "text.index": "no table at all", "text": "no table, of the older format"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"none", "empty", "text", "a\x00b"} {
		if r, err := NewCheckpointReader(filepath.Join(dir, name)); err == nil {
			r.Close()
			t.Errorf("%q was opened", name)
		}
	}
}
