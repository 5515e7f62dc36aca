// Package arrays finds the arrays that a command is given: files, and variables of
// models.
package arrays

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"ndflow/npy"
	"ndflow/plot"
	"ndflow/weights"
)

// Read reads the one array that an argument names: FILE.npy, or FILE.npz:NAME,
// MODEL:NAME, CHECKPOINT:NAME, where the name can be left out if there is only one. It
// has the name that a picture should give it. The caller calls done when it is not
// needed any more.
func Read(arg string) (b plot.Blocks, done func(), err error) {
	path, name := weights.Split(arg)
	s, err := open(path)
	if err != nil {
		return plot.Blocks{}, nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if name == "" {
		list := s.List()
		if len(list) != 1 {
			return plot.Blocks{}, nil, fmt.Errorf("%s has %d arrays: name one, %s:NAME; there are %s", path, len(list), path, some(list))
		}
		name = list[0].Name
		arg = filepath.Base(path)
		if len(list[0].Name) > 0 && filepath.Ext(path) != ".npy" {
			arg += ":" + name
		}
	} else {
		arg = name
	}
	blocks, err := weights.Blocks(s, name)
	if err != nil {
		return plot.Blocks{}, nil, err
	}
	done = func() {
		blocks.Release()
		s.Close()
	}
	return plot.Blocks{Name: arg, Blocks: blocks}, done, nil
}

// some names a few arrays.
func some(list []weights.Info) string {
	if len(list) == 0 {
		return "none"
	}
	var names []string
	for _, i := range list[:min(4, len(list))] {
		names = append(names, fmt.Sprintf("%q", i.Name))
	}
	s := strings.Join(names, ", ")
	if n := len(list) - len(names); n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// Set is the arrays of a source that are asked for.
type Set struct {
	Source weights.Source
	Path   string
	Infos  []weights.Info
}

// Open opens a source and lists the arrays whose names match, all of them if match is
// nil; an argument that names an array asks for that one.
func Open(arg string, match *regexp.Regexp) (*Set, error) {
	path, name := weights.Split(arg)
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	set := &Set{Source: s, Path: path}
	for _, i := range s.List() {
		if (name == "" || i.Name == name) && (match == nil || match.MatchString(i.Name)) {
			set.Infos = append(set.Infos, i)
		}
	}
	switch {
	case len(set.Infos) > 0:
		return set, nil
	case name != "":
		_, err = s.Read(name) // which says what there is
	case match != nil:
		err = fmt.Errorf("%s: no name of %d arrays matches %s; there are %s", path, len(s.List()), match, some(s.List()))
	default:
		err = fmt.Errorf("%s has no arrays", path)
	}
	s.Close()
	return nil, err
}

// Blocks opens an array of the set. The caller releases it.
func (s *Set) Blocks(name string) (*npy.Blocks, error) { return weights.Blocks(s.Source, name) }

// Close closes the source.
func (s *Set) Close() error { return s.Source.Close() }
