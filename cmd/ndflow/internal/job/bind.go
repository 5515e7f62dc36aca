package job

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Source says where an input's elements come from, or those of all inputs.
type Source struct {
	Name  string // of the input, if it is Named; else the model or the archive tells
	Named bool
	Path  string
	Text  bool // the file's lines are the elements
}

// ParseSource reads NAME=FILE, FILE, NAME=text:FILE and text:FILE.
func ParseSource(arg string) (Source, error) {
	name, path, named, err := split(arg)
	if err != nil {
		return Source{}, err
	}
	s := Source{Name: name, Named: named}
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
	Name  string // of the output, if it is Named; else it is the only one, or all of them in an archive
	Named bool
	Path  string
}

// ParseTarget reads NAME=FILE.npy, NAME=FILE.npz and both without a name.
func ParseTarget(arg string) (Target, error) {
	name, path, named, err := split(arg)
	if err != nil {
		return Target{}, err
	}
	if ext := filepath.Ext(path); ext != ".npy" && ext != ".npz" {
		return Target{}, fmt.Errorf("%q: want a file that ends in .npy or .npz", arg)
	}
	return Target{Name: name, Named: named, Path: path}, nil
}

func isArchive(path string) bool { return filepath.Ext(path) == ".npz" }

// split parts NAME=FILE at the first equals sign. A name that is empty, has one
// itself or begins with a quotation mark is written in quotes, as Go writes a string.
// A FILE alone has no name.
func split(arg string) (name, path string, named bool, err error) {
	if strings.HasPrefix(arg, `"`) {
		return splitQuoted(arg)
	}
	name, path, named = strings.Cut(arg, "=")
	switch {
	case !named && arg == "":
		return "", "", false, fmt.Errorf("%q: want NAME=FILE or FILE", arg)
	case !named:
		return "", arg, false, nil
	case name == "":
		return "", "", false, fmt.Errorf(`%q: want NAME=FILE; an empty name is written ""=FILE`, arg)
	case path == "":
		return "", "", false, fmt.Errorf("%q: want NAME=FILE", arg)
	}
	return name, path, true, nil
}

func splitQuoted(arg string) (name, path string, named bool, err error) {
	quoted, err := strconv.QuotedPrefix(arg)
	if err == nil {
		name, err = strconv.Unquote(quoted)
	}
	path, named = strings.CutPrefix(arg[len(quoted):], "=")
	if err != nil || !named || path == "" {
		return "", "", false, fmt.Errorf(`%s: want "NAME"=FILE, the name in quotes`, arg)
	}
	return name, path, true, nil
}
