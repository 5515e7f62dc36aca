package job

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Source says where an input's elements come from, or those of all inputs.
type Source struct {
	Name string // of the input; "" where the model or the archive tells
	Path string
	Text bool // the file's lines are the elements
}

// ParseSource reads NAME=FILE, FILE, NAME=text:FILE and text:FILE.
func ParseSource(arg string) (Source, error) {
	name, path, err := split(arg)
	if err != nil {
		return Source{}, err
	}
	s := Source{Name: name}
	s.Path, s.Text = strings.CutPrefix(path, "text:")
	if s.Path == "" {
		return Source{}, fmt.Errorf("%q names no file", arg)
	}
	return s, nil
}

// archive reports whether the source is a .npz file.
func (s Source) archive() bool { return !s.Text && isArchive(s.Path) }

// Target says where an output goes, or all of them.
type Target struct {
	Name string // of the output; "" for the only one, or all of them in an archive
	Path string
}

// ParseTarget reads NAME=FILE.npy, NAME=FILE.npz and both without a name.
func ParseTarget(arg string) (Target, error) {
	name, path, err := split(arg)
	if err != nil {
		return Target{}, err
	}
	if ext := filepath.Ext(path); ext != ".npy" && ext != ".npz" {
		return Target{}, fmt.Errorf("%q: want a file that ends in .npy or .npz", arg)
	}
	return Target{Name: name, Path: path}, nil
}

func isArchive(path string) bool { return filepath.Ext(path) == ".npz" }

// split parts NAME=FILE at the first equals sign: the name of a tensor has
// none, that of a file may. A FILE alone has no name.
func split(arg string) (name, path string, err error) {
	name, path, named := strings.Cut(arg, "=")
	switch {
	case !named && arg == "":
		return "", "", fmt.Errorf("%q: want NAME=FILE or FILE", arg)
	case !named:
		return "", arg, nil
	case name == "" || path == "":
		return "", "", fmt.Errorf("%q: want NAME=FILE", arg)
	}
	return name, path, nil
}
