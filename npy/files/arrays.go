package files

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"

	"ndflow/internal/tempfile"
	"ndflow/npy"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

// Read reads the arrays of a file of any format, or those that o.Columns names. A .npy
// file is mapped where it can be, and its array is named after the file; one of .json or
// .csv without a name is too. The arrays may be read-only, and need not have the same
// number of rows.
func Read(path string, o Options) (names []string, arrays []*npy.Array, err error) {
	set, err := openSet(path, o)
	if err != nil {
		return nil, nil, err
	}
	defer set.close()
	for _, name := range set.names {
		a, err := wholeOf(set.read, name)
		if err != nil {
			return nil, nil, err
		}
		names, arrays = append(names, cmp.Or(name, Base(path))), append(arrays, a)
	}
	return names, arrays, nil
}

// Write writes arrays to a file of any format. Those that are tables want arrays with
// the same number of rows, and .npy one array. The name may be empty where there is one
// array and the format needs none: .npy, .json and .csv.
func Write(path string, names []string, arrays []*npy.Array, o Options) error {
	f, err := FormatOf(path)
	if err != nil {
		return err
	}
	if len(names) != len(arrays) {
		return fmt.Errorf("files: %s: %w: have %d names for %d arrays", path, npy.ErrShape, len(names), len(arrays))
	}
	if f == NPY || f == NPZ || f == JSON {
		set := inMemory(names, arrays)
		for i, name := range names {
			if slices.Contains(names[:i], name) {
				return fmt.Errorf("files: %s: two arrays %q", path, name)
			}
		}
		return writeSet(path, f, names, set.read, o, nil)
	}
	r, err := table.Of(names, arrays)
	if err != nil {
		return fmt.Errorf("files: %s: %w", path, err)
	}
	w, err := CreateTable(path, r.Columns(), o)
	if err != nil {
		return err
	}
	defer w.Close()
	if err := w.Write(arrays); err != nil {
		return err
	}
	return w.Commit()
}

// wholeOf reads an array at once.
func wholeOf(read func(name string) (*npy.Blocks, error), name string) (*npy.Array, error) {
	b, err := read(name)
	if err != nil {
		return nil, err
	}
	defer release(b)
	return b.Array()
}

// release gives up the file that blocks were read from; arrays in memory are not ours.
func release(b *npy.Blocks) {
	if !b.View() {
		b.Release()
	}
}

// set is the arrays of a file, which are read one at a time.
type set struct {
	names []string
	read  func(name string) (*npy.Blocks, error)
	close func() error
}

func openSet(path string, o Options) (*set, error) {
	f, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	switch f {
	case NPY:
		if len(o.Columns) > 0 && (len(o.Columns) > 1 || o.Columns[0] != Base(path)) {
			return nil, fmt.Errorf("files: %s: no array %q, there is %q", path, o.Columns, Base(path))
		}
		return &set{[]string{""}, func(string) (*npy.Blocks, error) { return npy.OpenBlocks(path) }, func() error { return nil }}, nil
	case NPZ:
		z, err := npy.OpenNPZ(path)
		if err != nil {
			return nil, err
		}
		names := z.Names()
		for i, name := range o.Columns {
			if !slices.Contains(names, name) || slices.Contains(o.Columns[:i], name) {
				z.Close()
				return nil, fmt.Errorf("files: %s: no array %q, or asked for twice; there are %q", path, name, names)
			}
		}
		if len(o.Columns) > 0 {
			names = o.Columns
		}
		return &set{names, func(name string) (*npy.Blocks, error) { return z.Blocks(name) }, z.Close}, nil
	case JSON:
		return openJSONSet(path, o)
	}
	r, err := OpenTable(path, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	arrays, err := table.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return inMemory(namesOf(r.Columns()), arrays), nil
}

func openJSONSet(path string, o Options) (*set, error) {
	r, err := OpenTable(path, o)
	if err == nil {
		defer r.Close()
		arrays, err := table.ReadAll(r)
		return inMemory(namesOf(r.Columns()), arrays), err
	}
	file, openErr := os.Open(path)
	if openErr != nil {
		return nil, fmt.Errorf("files: %w", openErr)
	}
	defer file.Close()
	names, arrays, readErr := text.ReadJSON(file, o.forText(path)...)
	if readErr != nil {
		return nil, err // which says the same, with the file's name, or more
	}
	if names == nil {
		names = []string{""}
	}
	return inMemory(names, arrays), nil
}

func inMemory(names []string, arrays []*npy.Array) *set {
	at := map[string]*npy.Array{}
	for i, name := range names {
		at[name] = arrays[i]
	}
	read := func(name string) (*npy.Blocks, error) {
		if at[name] == nil {
			return nil, fmt.Errorf("files: array %q: nil array: %w", name, npy.ErrReleased)
		}
		return at[name].Blocks(), nil
	}
	return &set{names, read, func() error { return nil }}
}

// writeSet writes arrays of any shapes, one at a time, to a .npy, .npz or .json file.
// done is told how many there have been.
func writeSet(path string, f Format, names []string, read func(string) (*npy.Blocks, error), o Options, done func(int) error) error {
	if done == nil {
		done = func(int) error { return nil }
	}
	switch f {
	case NPY:
		if len(names) != 1 {
			return fmt.Errorf("files: %s: have %d arrays, want one, or a .npz file for all of them; there are %q", path, len(names), names)
		}
		b, err := read(names[0])
		if err != nil {
			return err
		}
		defer release(b)
		return npy.WriteBlocks(path, b)
	case NPZ:
		return writeNPZ(path, names, read, o, done)
	}
	return writeJSON(path, names, read, o, done)
}

func writeNPZ(path string, names []string, read func(string) (*npy.Blocks, error), o Options, done func(int) error) error {
	z, err := createArchive(path, o)
	if err != nil {
		return err
	}
	defer z.Abort()
	for i, name := range names {
		b, err := read(name)
		if err == nil {
			err = z.WriteBlocks(name, b)
			release(b)
		}
		if err == nil {
			err = done(i + 1)
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

func writeJSON(path string, names []string, read func(string) (*npy.Blocks, error), o Options, done func(int) error) error {
	f, err := tempfile.Create(path, "", nil)
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	defer f.Discard()
	bare := len(names) == 1 && names[0] == ""
	put := func(s string) error {
		if bare {
			return nil
		}
		_, err := io.WriteString(f, s)
		return err
	}
	err = put("{")
	for i, name := range names {
		if err != nil {
			break
		}
		var a *npy.Array
		if a, err = wholeOf(read, name); err != nil {
			return err
		}
		if i > 0 {
			err = put(",")
		}
		var head []byte
		if err == nil {
			head, err = text.AppendJSON(nil, npy.Scalar(name)) // a string as JSON has it
		}
		if err == nil {
			err = put(string(head) + ":")
		}
		if err == nil {
			err = text.WriteJSON(f, a, o.forText(path)...)
		}
		if err == nil {
			if err := done(i + 1); err != nil {
				return err
			}
		}
	}
	if err == nil {
		err = put("}")
	}
	if err == nil {
		_, err = io.WriteString(f, "\n")
	}
	if err == nil {
		err = f.Commit()
	}
	if err != nil {
		return fmt.Errorf("files: %s: %w", path, err)
	}
	return nil
}
