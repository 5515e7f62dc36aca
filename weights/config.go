package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/proto"
	"ndflow/graph"
	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
)

// Config says what a model is, beside the values of its variables: enough to use those
// elsewhere. It is made for JSON.
type Config struct {
	Kind       string           `json:"kind"` // "SavedModel", or "arrays" of anything else
	Origin     *Origin          `json:"origin,omitempty"`
	Signatures []Signature      `json:"signatures,omitempty"`
	Variables  []VariableConfig `json:"variables"`
}

// Origin is what a SavedModel says of how it came to be.
type Origin struct {
	Tags          []string `json:"tags"`
	TensorFlow    string   `json:"tensorflow,omitempty"` // the version that saved it
	TensorFlowGit string   `json:"tensorflow_git,omitempty"`
	Producer      int      `json:"producer,omitempty"`     // the version of the graph's format
	MinConsumer   int      `json:"min_consumer,omitempty"` // the oldest version that can read it
	Object        string   `json:"object,omitempty"`       // the kind of the object that was saved, "_tf_keras_sequential"
	UUID          string   `json:"uuid,omitempty"`         // of its fingerprint
}

// Signature is a function of a model.
type Signature struct {
	Name    string `json:"name"`
	Inputs  []Port `json:"inputs"`
	Outputs []Port `json:"outputs"`
}

// Port is an input or an output.
type Port struct {
	Name   string `json:"name"`
	DType  string `json:"dtype"`
	Shape  []int  `json:"shape"` // -1 where a dimension is open; null where even the rank is
	Tensor string `json:"tensor,omitempty"`
}

// VariableConfig is what there is to say of a variable.
type VariableConfig struct {
	Name  string `json:"name"`
	DType string `json:"dtype"`
	Shape []int  `json:"shape"`
	Bytes int64  `json:"bytes"`
}

// Describe describes what [Open] has opened at path as s, or a part of that. It looks at
// the option [WithTags].
func Describe(path string, s Source, opts ...Option) (*Config, error) {
	c := &Config{Kind: "arrays", Variables: []VariableConfig{}}
	for _, i := range s.List() {
		c.Variables = append(c.Variables, VariableConfig{Name: i.Name, DType: i.DType.String(), Shape: i.Shape, Bytes: i.Bytes()})
	}
	path = savedmodel.Folder(path)
	if savedmodel.Check(path) != nil {
		return c, nil
	}
	c.Kind = "SavedModel"
	if err := c.describeModel(path, optionsOf(opts).tags); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return c, nil
}

func (c *Config) describeModel(dir string, tags []string) error {
	file, err := savedmodel.Read(dir)
	if err != nil {
		return err
	}
	meta, err := chooseGraph(file, tags)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if c.Origin, err = originOf(meta, dir); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	list, err := graph.Describe(dir)
	if err != nil {
		return err
	}
	for i, m := range list {
		if file.GetMetaGraphs()[i] != meta {
			continue
		}
		for _, s := range m.Signatures {
			c.Signatures = append(c.Signatures, Signature{Name: s.Name, Inputs: portsOf(s.Inputs), Outputs: portsOf(s.Outputs)})
		}
	}
	return nil
}

func originOf(meta *tfpb.MetaGraphDef, dir string) (*Origin, error) {
	var def tfpb.GraphDef
	var objects tfpb.SavedObjectGraph
	skip := proto.UnmarshalOptions{DiscardUnknown: true}
	if err := errors.Join(skip.Unmarshal(meta.GetGraphDef(), &def), skip.Unmarshal(meta.GetObjectGraphDef(), &objects)); err != nil {
		return nil, fmt.Errorf("the graph is damaged: %w", err)
	}
	info := meta.GetMetaInfoDef()
	o := &Origin{
		Tags: slices.Concat([]string{}, info.GetTags()), TensorFlow: info.GetTensorflowVersion(), TensorFlowGit: info.GetTensorflowGitVersion(),
		Producer: int(def.GetVersions().GetProducer()), MinConsumer: int(def.GetVersions().GetMinConsumer()),
	}
	if nodes := objects.GetNodes(); len(nodes) > 0 {
		o.Object = nodes[0].GetUserObject().GetIdentifier()
	}
	raw, err := os.ReadFile(filepath.Join(dir, fingerprint))
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	var print tfpb.FingerprintDef
	if err := errors.Join(err, skip.Unmarshal(raw, &print)); err != nil {
		return nil, fmt.Errorf("%s: %w", fingerprint, err)
	}
	o.UUID = print.GetUuid()
	return o, nil
}

func portsOf(specs []graph.Spec) []Port {
	list := []Port{}
	for _, s := range specs {
		p := Port{Name: s.Name, DType: s.DType.String(), Shape: s.Shape, Tensor: s.Tensor}
		if !s.DType.Valid() {
			p.DType = s.Type
		}
		list = append(list, p)
	}
	return list
}
