package inspect

import (
	"fmt"
	"path/filepath"
	"strings"

	"ndflow/graph"
	"ndflow/internal/savedmodel"
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
}

// Signature is a function of a SavedModel.
type Signature struct {
	Name    string `json:"name"`
	Inputs  []Port `json:"inputs"`
	Outputs []Port `json:"outputs"`
}

// Port is an input or output.
type Port struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"` // -1 where a dimension is open; null where even the rank is
	Tensor string `json:"tensor"`
	// HasDefault says of an input that it need not be given.
	HasDefault bool `json:"has_default,omitempty"`
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
	for _, meta := range list {
		if tags != nil && !savedmodel.SameTags(tags, meta.Tags) {
			unknown.Have = append(unknown.Have, strings.Join(meta.Tags, ","))
			continue
		}
		g := Graph{Tags: append([]string{}, meta.Tags...), TensorFlow: meta.Version, Signatures: []Signature{}}
		for _, s := range meta.Signatures {
			g.Signatures = append(g.Signatures, Signature{Name: s.Name, Inputs: ports(s.Inputs), Outputs: ports(s.Outputs)})
		}
		m.Graphs = append(m.Graphs, g)
	}
	if len(m.Graphs) == 0 {
		return nil, fmt.Errorf("%s: %w", dir, unknown)
	}
	return m, nil
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
		list = append(list, p)
	}
	return list
}
