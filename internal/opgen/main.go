// Opgen writes the packages below ops: a Go function for each op that the loaded
// TensorFlow library has, grouped by TensorFlow's own families. It is run by
//
//	go generate ./ops
//
// Internal ops (their names begin with an underscore), deprecated ones and those
// of TensorFlow 1's reference variables are left out, and so are the few that run
// Python code.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"ndflow/ops"
	"ndflow/tfc"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("opgen: ")
	dir := "."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	files, err := fromLibrary()
	if err != nil {
		log.Fatal(err)
	}
	if err := write(dir, files); err != nil {
		log.Fatal(err)
	}
}

// fromLibrary returns what the packages are for the loaded library, by path below
// ops.
func fromLibrary() (map[string][]byte, error) {
	lib, err := tfc.Load("")
	if err != nil {
		return nil, err
	}
	raw, err := tfc.AllOps()
	if err != nil {
		return nil, err
	}
	defs, err := ops.ParseDefs(raw)
	if err != nil {
		return nil, err
	}
	return generate(defs, lib.Version())
}

// write makes the generated files below dir those given.
func write(dir string, files map[string][]byte) error {
	old, err := generated(dir)
	if err != nil {
		return err
	}
	for path := range old {
		if files[path] == nil {
			if err := os.Remove(filepath.Join(dir, path)); err != nil {
				return err
			}
		}
	}
	for path, text := range files {
		if bytes.Equal(text, old[path]) {
			continue
		}
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, path), text, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// generated reads the files below dir that were generated, by their paths.
func generated(dir string) (map[string][]byte, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*", "*.go"))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(text, []byte(marker)) {
			continue
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files[rel] = text
	}
	return files, nil
}
