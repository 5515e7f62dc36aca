package weights_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"ndflow/npy"
	"ndflow/weights"
)

func Example() {
	s, err := weights.Open("../testdata/models/mlp")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	for _, info := range s.List() {
		a, err := s.Read(info.Name) // one at a time
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(info.Name, info, len(a.Bytes()))
		a.Release()
	}
	// Output:
	// b1 float32 [8] 32
	// b2 float32 [4] 16
	// w1 float32 [16 8] 512
	// w2 float32 [8 4] 128
}

// A copy of a model with the weights of an archive.
func ExampleSaveModel() {
	dir, err := os.MkdirTemp("", "weights-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	b2, _ := npy.From([]float32{1, 2, 3, 4})
	w, err := npy.CreateNPZ(filepath.Join(dir, "weights.npz"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Write("b2", b2); err != nil {
		fmt.Println(err)
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
	}

	s, err := weights.Open(filepath.Join(dir, "weights.npz"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	kept, err := weights.SaveModel(context.Background(), filepath.Join(dir, "new"), "../testdata/models/mlp", s)
	fmt.Println(kept, err)

	made, err := weights.Open(filepath.Join(dir, "new"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer made.Close()
	a, err := made.Read("b2")
	fmt.Println(a, err)
	// Output:
	// [b1 w1 w2] <nil>
	// [1. 2. 3. 4.] <nil>
}

// The parts of a variable, in files, become one array.
func ExampleJoin() {
	dir, err := os.MkdirTemp("", "weights-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	var parts []weights.Part
	for i, rows := range [][]float32{{1, 2, 3, 4}, {5, 6}} {
		a, _ := npy.From(rows, len(rows)/2, 2)
		path := filepath.Join(dir, fmt.Sprintf("w.part%d.npy", i))
		if err := npy.WriteFile(path, a); err != nil {
			fmt.Println(err)
		}
		p, err := weights.FilePart(path) // TensorPart is one on a device
		if err != nil {
			fmt.Println(err)
			return
		}
		parts = append(parts, p)
	}
	w, err := weights.Join(parts...)
	fmt.Println(w, err)
	// Output:
	// [[1. 2.]
	//  [3. 4.]
	//  [5. 6.]] <nil>
}
