package inspect

import (
	"fmt"
	"path/filepath"
	"strings"

	"ndflow/graph"
	"ndflow/internal/savedmodel"
	"ndflow/tfc"
)

// Model is what there is to say about a model.
type Model struct {
	Path       string  `json:"path"`
	Kind       string  `json:"kind"`             // "SavedModel" or "GraphDef"
	Graphs     []Graph `json:"graphs,omitempty"` // of a SavedModel
	Operations int     `json:"operations,omitempty"`
	Inputs     []Port  `json:"inputs,omitempty"` // of a GraphDef
	Outputs    []Port  `json:"outputs,omitempty"`
}

// Graph is one graph of a SavedModel.
type Graph struct {
	Tags       []string    `json:"tags"`
	TensorFlow string      `json:"tensorflow,omitempty"` // the version that saved it
	Signatures []Signature `json:"signatures"`
	Functions  []Function  `json:"functions,omitempty"`
}

// Function is what can be called beside the signatures, but not by "ndflow run".
type Function struct {
	Path      string     `json:"path"`
	Overloads []Overload `json:"overloads"`
}

// Overload is a function for one kind of arguments.
type Overload struct {
	Inputs  []Port         `json:"inputs"`
	Values  map[string]any `json:"values,omitempty"` // what arguments must be that are no tensors
	Outputs []Port         `json:"outputs"`
	// Signature runs it as well.
	Signature string `json:"signature,omitempty"`
	Problem   string `json:"problem,omitempty"` // why it cannot be called
}

// Signature is a function of a SavedModel.
type Signature struct {
	Name    string `json:"name"`
	Inputs  []Port `json:"inputs"`
	Outputs []Port `json:"outputs"`
	Problem string `json:"problem,omitempty"` // why it cannot be called
}

// Port is an input or output.
type Port struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"` // -1 where a dimension is open; null where even the rank is
	Tensor string `json:"tensor"`
	// HasDefault says of an input that it need not be given.
	HasDefault bool `json:"has_default,omitempty"`
	// Of what has no array form: the tensors that it is made of, and why it has none.
	Parts   []Port `json:"parts,omitempty"`
	Problem string `json:"problem,omitempty"`
}

// ReadSavedModel looks at the SavedModel in dir: at all its graphs, or at the
// one with the given tags if they are not nil.
func ReadSavedModel(dir string, tags []string) (*Model, error) {
	list, err := graph.Describe(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{Path: dir, Kind: "SavedModel"}
	unknown := &graph.NameError{Kind: "tag set", Name: strings.Join(tags, ",")}
	lacking, err := lackingOps(dir)
	if err != nil {
		return nil, err
	}
	for i, meta := range list {
		if tags != nil && !savedmodel.SameTags(tags, meta.Tags) {
			unknown.Have = append(unknown.Have, strings.Join(meta.Tags, ","))
			continue
		}
		g := Graph{Tags: append([]string{}, meta.Tags...), TensorFlow: meta.Version, Signatures: []Signature{}}
		for _, s := range meta.Signatures {
			if s.Problem == "" {
				s.Problem = lacking[i][s.Name]
			}
			g.Signatures = append(g.Signatures, Signature{Name: s.Name, Inputs: ports(s.Inputs), Outputs: ports(s.Outputs), Problem: s.Problem})
		}
		for _, f := range meta.Functions {
			g.Functions = append(g.Functions, functionOf(f))
		}
		m.Graphs = append(m.Graphs, g)
	}
	if len(m.Graphs) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, unknown)
	}
	return m, nil
}

func functionOf(f graph.SavedFunction) Function {
	to := Function{Path: f.Path}
	for _, o := range f.Overloads {
		to.Overloads = append(to.Overloads, Overload{Inputs: ports(o.Inputs), Values: o.Values, Outputs: ports(o.Outputs), Signature: o.Signature, Problem: o.Problem})
	}
	return to
}

// lackingOps says of the signatures of each graph which need an op that TensorFlow's
// library does not have. Where there is no library there is nothing to say.
func lackingOps(dir string) ([]map[string]string, error) {
	file, err := savedmodel.Read(dir)
	if err != nil {
		return nil, err
	}
	list := make([]map[string]string, len(file.GetMetaGraphs()))
	if _, err := tfc.Load(""); err != nil {
		return list, nil
	}
	ops, err := tfc.NewGraph()
	if err != nil {
		return nil, err
	}
	defer ops.Close()
	for i, meta := range file.GetMetaGraphs() {
		g, err := savedmodel.ParseGraph(meta)
		if err != nil {
			return nil, err
		}
		a, err := g.Available(ops.Registered)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		list[i] = a.Problems
	}
	return list, nil
}

// ReadGraphDef looks at the GraphDef file at path. TensorFlow reads it, since
// only its library knows the shapes that the operations make.
func ReadGraphDef(path string) (*Model, error) {
	g, err := graph.Read(path)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	m := &Model{Path: filepath.Clean(path), Kind: "GraphDef"}
	for range g.Operations() {
		m.Operations++
	}
	in, err := g.Inputs()
	if err != nil {
		return nil, err
	}
	out, err := g.Outputs()
	if err != nil {
		return nil, err
	}
	m.Inputs, m.Outputs = ports(in), ports(out)
	return m, nil
}

func ports(specs []graph.Spec) []Port {
	list := []Port{}
	for _, s := range specs {
		p := Port{Name: s.Name, DType: s.DType.String(), Shape: s.Shape, Tensor: s.Tensor, HasDefault: s.HasDefault}
		if !s.DType.Valid() {
			p.DType = s.Type
		}
		if p.Problem = s.Problem; len(s.Parts) > 0 {
			p.Parts = ports(s.Parts)
		}
		list = append(list, p)
	}
	return list
}
