package text_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"ndflow/npy"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

func Example() {
	a, err := npy.From([]float32{0.1, 2, 3, 1e30}, 2, 2)
	if err != nil {
		log.Fatal(err)
	}
	b, err := text.AppendJSON(nil, a)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", b)
	back, err := text.ParseJSON(b, text.As(npy.Float32))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(back.DType(), back.Shape())
	_, err = text.ParseJSON([]byte("[[1, 2],\n [3]]"))
	fmt.Println(err)
	// Output:
	// [[0.1,2.0],[3.0,1e+30]]
	// float32 [2 2]
	// text: not a valid file: line 2, column 4: shape does not fit: a list of length 1 ends, want 2 as before
}

// CSV becomes JSON with one object a line, in constant memory.
func ExampleOpenCSV() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	in, out := filepath.Join(dir, "people.csv"), filepath.Join(dir, "people.jsonl")
	if err := os.WriteFile(in, []byte("name,age,\"at[0]\",\"at[1]\"\n\"Ada, L.\",36,51.5,-0.1\n"), 0o666); err != nil {
		log.Fatal(err)
	}

	r, err := text.OpenCSV(in)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	fmt.Println(r.Columns())
	w, err := text.CreateJSONLines(out, r.Columns())
	if err != nil {
		log.Fatal(err)
	}
	defer w.Close() // does nothing after Commit
	if err := table.Copy(context.Background(), w, r, nil); err != nil {
		log.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		log.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", b)
	// Output:
	// [name string age int64 at float64 [2]]
	// {"name":"Ada, L.","age":36,"at":[51.5,-0.1]}
}

func ExampleNewCSVReader() {
	r, err := text.NewCSVReader(strings.NewReader("x,y\n1,2.5\n3,\n"))
	if err != nil {
		log.Fatal(err)
	}
	arrays, err := table.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(r.Columns(), arrays)
	// Output:
	// [x int64 y float64] [[1 3] [2.5 nan]]
}
