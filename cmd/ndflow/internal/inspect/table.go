package inspect

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteArrays writes a table with a line for each array.
func WriteArrays(w io.Writer, list []Array) error {
	t := newTable(w)
	fmt.Fprintln(t, "name\tdtype\tshape\torder\tformat\tbytes\tmin\tmax\tmean\t")
	for _, a := range list {
		fmt.Fprintf(t, "%s\t%s\t%v\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n",
			a.Name, a.DType, a.Shape, a.Order, a.format(), a.Bytes, dash(a.Min), dash(a.Max), dash(a.Mean), a.note())
	}
	return t.Flush()
}

// format is the name of the file's format, with the version of NumPy's.
func (a Array) format() string {
	if strings.HasPrefix(a.Format, ".") {
		return a.Format[1:]
	}
	return "npy " + a.Format
}

// note is what only some arrays have.
func (a Array) note() string {
	var notes []string
	if a.Endian == "big" {
		notes = append(notes, "big-endian")
	}
	if a.NaN > 0 {
		notes = append(notes, fmt.Sprintf("%d NaN", a.NaN))
	}
	if a.Longest != nil {
		notes = append(notes, fmt.Sprintf("longest %d bytes", *a.Longest))
	}
	if a.Problem != "" {
		notes = append(notes, a.Problem)
	}
	return strings.Join(notes, ", ")
}

func dash(n Number) string {
	if n == "" {
		return "-"
	}
	return string(n)
}

// Write writes what there is to say about the model.
func (m *Model) Write(w io.Writer) error {
	t := newTable(w)
	if m.Kind == "GraphDef" {
		fmt.Fprintf(t, "%s: %s of %d operations\n\n", m.Path, m.Kind, m.Operations)
		writePorts(t, "input", m.Inputs)
		writePorts(t, "output", m.Outputs)
		return t.Flush()
	}
	fmt.Fprintf(t, "%s: %s\n", m.Path, m.Kind)
	for _, g := range m.Graphs {
		tags := "no tags"
		if len(g.Tags) > 0 {
			tags = "tags " + strings.Join(g.Tags, ",")
		}
		version := ""
		if g.TensorFlow != "" {
			version = ", saved by TensorFlow " + g.TensorFlow
		}
		fmt.Fprintf(t, "\n%s%s\n", tags, version)
		if len(g.Signatures) == 0 {
			fmt.Fprintln(t, "\n  no signatures")
		}
		for _, s := range g.Signatures {
			fmt.Fprintf(t, "\n  signature %s\n", s.Name)
			if s.Problem != "" {
				fmt.Fprintf(t, "    cannot be called: %s\n", s.Problem)
			}
			writePorts(t, "input", s.Inputs)
			writePorts(t, "output", s.Outputs)
		}
		writeFunctions(t, g.Functions)
	}
	return t.Flush()
}

// mostFunctions are listed; models of Keras 2 have hundreds.
const mostFunctions = 20

// writeFunctions lists functions as they would be called, a line for each overload, but
// for those that signatures run as well, and private ones.
func writeFunctions(t io.Writer, list []Function) {
	list = slices.DeleteFunc(slices.Clone(list), func(f Function) bool {
		name := f.Path[strings.LastIndexByte(f.Path, '.')+1:]
		return strings.HasPrefix(name, "_") && name != "__call__" || !slices.ContainsFunc(f.Overloads, func(o Overload) bool { return o.Signature == "" })
	})
	if len(list) > 0 {
		fmt.Fprintf(t, "\n  functions, which programs can call\n")
	}
	for _, f := range list[:min(len(list), mostFunctions)] {
		for _, o := range f.Overloads {
			fmt.Fprintf(t, "    %s%s\n", f.Path, o.text())
		}
	}
	if more := len(list) - mostFunctions; more > 0 {
		fmt.Fprintf(t, "    and %d more, which --json lists\n", more)
	}
}

func (o *Overload) text() string {
	var args, results []string
	for _, p := range o.Inputs {
		args = append(args, p.text())
	}
	for _, name := range slices.Sorted(maps.Keys(o.Values)) {
		args = append(args, fmt.Sprintf("%s=%v", name, o.Values[name]))
	}
	for _, p := range o.Outputs {
		results = append(results, p.text())
	}
	text := "(" + strings.Join(args, ", ") + ") -> " + cmp.Or(strings.Join(results, ", "), "nothing")
	if o.Problem != "" {
		text += "; cannot be called: " + o.Problem
	}
	return text
}

func (p *Port) text() string {
	if p.Shape == nil {
		return fmt.Sprintf("%s %s", p.Name, p.DType)
	}
	return fmt.Sprintf("%s %s %v", p.Name, p.DType, p.Shape)
}

func writePorts(t io.Writer, kind string, list []Port) {
	if len(list) == 0 {
		fmt.Fprintf(t, "    no %s\n", kind)
	}
	for _, p := range list {
		shape := "any shape"
		if p.Shape != nil {
			shape = fmt.Sprint(p.Shape)
		}
		tensor := p.Tensor
		if tensor == p.Name {
			tensor = ""
		}
		note := ""
		if p.HasDefault {
			note = "\thas a default"
		}
		if p.Problem != "" {
			tensor = "has no array form; it is made of"
		}
		fmt.Fprintf(t, "    %s\t%s\t%s\t%s\t%s%s\n", kind, p.Name, p.DType, shape, tensor, note)
		if len(p.Parts) > 0 {
			writePorts(t, "  part", p.Parts)
		}
	}
}

// table aligns its cells when it is flushed. Only Flush tells of errors.
type table struct {
	*tabwriter.Writer
	w    io.Writer
	text bytes.Buffer
}

func newTable(w io.Writer) *table {
	t := &table{w: w}
	t.Writer = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	return t
}

// Flush writes the table, without the blanks that fill the last cells.
func (t *table) Flush() error {
	if err := t.Writer.Flush(); err != nil {
		return err
	}
	for line := range bytes.Lines(t.text.Bytes()) {
		if _, err := fmt.Fprintf(t.w, "%s\n", bytes.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
