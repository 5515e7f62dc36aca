package job

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"ndflow/graph"
	"ndflow/npy"
)

// input is an array that an input of the model is fed.
type input struct {
	name   string
	blocks *npy.Blocks
	path   string // where it comes from
}

func names(in []input) []string {
	list := make([]string, len(in))
	for i := range in {
		list[i] = in[i].name
	}
	return list
}

// sources are the opened sources: each has one array, an archive several.
type sources struct {
	list []opened
}

type opened struct {
	Source
	entries []string // the names in an archive
	arrays  []*npy.Blocks
	lines   *npy.Array // of text
	npz     *npy.NPZ   // that the arrays are read from
}

func openSources(list []Source) (*sources, error) {
	s := &sources{}
	for _, from := range list {
		o, err := openSource(from)
		s.list = append(s.list, o)
		if err != nil {
			s.release()
			return nil, err
		}
	}
	return s, nil
}

func openSource(from Source) (opened, error) {
	o := opened{Source: from}
	switch {
	case from.Text:
		a, err := readLines(from.Path)
		if err != nil {
			return o, err
		}
		o.arrays, o.lines = []*npy.Blocks{a.Blocks()}, a
	case from.archive():
		return openArchive(o)
	default:
		b, err := npy.OpenBlocks(from.Path)
		if err != nil {
			return o, err
		}
		o.arrays = []*npy.Blocks{b}
	}
	return o, nil
}

// openArchive opens the arrays of a .npz file: the one that is named, where
// there is a name, unless there is only one anyway.
func openArchive(o opened) (opened, error) {
	z, err := npy.OpenNPZ(o.Path)
	if err != nil {
		return o, err
	}
	o.npz = z
	o.entries = z.Names()
	if len(o.entries) == 0 {
		return o, fmt.Errorf("%s: there is no array in it", o.Path)
	}
	if o.Named && len(o.entries) > 1 {
		o.entries = []string{o.Name}
	}
	for _, name := range o.entries {
		b, err := z.Blocks(name)
		if err != nil {
			return o, err
		}
		o.arrays = append(o.arrays, b)
	}
	return o, nil
}

// readLines returns the lines of a text file, without their ends.
func readLines(path string) (*npy.Array, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := []string{}
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, strings.TrimSuffix(line, "\r"))
	}
	return npy.From(lines)
}

// release gives the arrays back. Those that a step still reads follow it.
func (s *sources) release() {
	for _, o := range s.list {
		for _, a := range o.arrays {
			a.Release()
		}
		if o.npz != nil {
			o.npz.Close()
		}
	}
}

// bind finds out which input of the model each array is for.
func (s *sources) bind(m *model) ([]input, error) {
	var in []input
	for _, o := range s.list {
		for i, a := range o.arrays {
			name := o.Name
			switch {
			case o.Named:
			case len(o.arrays) > 1 || o.archive() && len(m.inputs) != 1:
				name = o.entries[i]
			case len(m.inputs) == 1:
				name = m.inputs[0].Name
			default:
				return nil, fmt.Errorf("%s: which input is it for? %s has %s", o.Path, m.what, listOf("input", m.inputs))
			}
			if j := slices.IndexFunc(in, func(have input) bool { return have.name == name }); j >= 0 {
				return nil, fmt.Errorf("input %q is given twice: %s and %s", name, in[j].path, o.Path)
			}
			if o.Text {
				shaped, err := shapeLines(o.lines, name, m.inputs)
				if err != nil {
					return nil, err
				}
				a = shaped.Blocks()
			}
			in = append(in, input{name: name, blocks: a, path: o.Path})
		}
	}
	return in, nil
}

// shapeLines gives n lines the shape that the input wants, where that is one
// of n rows of one element each, or a single element.
func shapeLines(a *npy.Array, name string, specs []graph.Spec) (*npy.Array, error) {
	i := slices.IndexFunc(specs, func(s graph.Spec) bool { return s.Name == name })
	if i < 0 || specs[i].Shape == nil {
		return a, nil
	}
	shape := slices.Clone(specs[i].Shape)
	if len(shape) > 0 {
		shape[0] = a.Len()
	}
	size := 1
	for _, d := range shape {
		size *= d
	}
	if size != a.Len() || slices.Contains(shape, -1) {
		return a, nil // feeding it will say what is wrong
	}
	return a.Reshape(shape...)
}

// listOf says what inputs or outputs there are, "2 inputs: "a", "b"".
func listOf(kind string, specs []graph.Spec) string {
	if len(specs) == 0 {
		return "no " + kind
	}
	quoted := make([]string, len(specs))
	for i, s := range specs {
		quoted[i] = fmt.Sprintf("%q", s.Name)
	}
	const most = 20
	more := ""
	if len(quoted) > most {
		more = fmt.Sprintf(" and %d more", len(quoted)-most)
		quoted = quoted[:most]
	}
	return fmt.Sprintf("%s: %s%s", count(len(specs), kind), strings.Join(quoted, ", "), more)
}
