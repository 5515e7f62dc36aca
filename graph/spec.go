package graph

import (
	"fmt"
	"slices"
	"strings"

	"ndflow/internal/savedmodel"
	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/tfc"
)

// Spec describes a tensor that can be fed or fetched.
type Spec struct {
	Name   string    // the name to use: a signature's ("probs"), or the tensor's own
	Tensor string    // TensorFlow's name, "StatefulPartitionedCall:0"
	DType  npy.DType // npy.Invalid for types that have no array form, such as resource
	Type   string    // TensorFlow's name of the type, "float", "qint8", "resource"
	Shape  []int     // -1 where a dimension is not known; nil where not even the rank is
	// HasDefault says of an input that it need not be fed. It is told of a SavedModel's
	// signatures, and of a graph's inputs.
	HasDefault bool
	// Parts are the tensors that a sparse or composite one is made of, which has no
	// Tensor of its own: Session.Run takes and gives those.
	Parts []Spec
	// Problem says why a signature's input cannot be fed or its output not be had; it is
	// empty where nothing is wrong.
	Problem string
}

// String returns dtype and shape, "float32 [-1 4]".
func (s Spec) String() string {
	dtype := s.DType.String()
	if s.DType == npy.Invalid {
		dtype = s.Type
	}
	if s.Shape == nil {
		return dtype + " of any shape"
	}
	return fmt.Sprintf("%s %v", dtype, s.Shape)
}

// check returns a MismatchError unless a can be fed to the tensor.
func (s Spec) check(kind string, a *npy.Array) error {
	if a == nil {
		return &MismatchError{Kind: kind, Name: s.Name, Have: describe(a), Want: s.String(), err: npy.ErrDType}
	}
	return s.Check(kind, a.DType(), a.Shape())
}

// Check returns a *MismatchError unless an array of that dtype and shape can be
// the input or output that the Spec describes. A nil shape is not looked at.
func (s Spec) Check(kind string, dtype npy.DType, shape []int) error {
	mismatch := func(err error) error {
		have := dtype.String()
		if shape != nil {
			have = fmt.Sprintf("%v %v", dtype, shape)
		}
		return &MismatchError{Kind: kind, Name: s.Name, Have: have, Want: s.String(), err: err}
	}
	if dtype != s.DType {
		return mismatch(npy.ErrDType)
	}
	if s.Shape == nil || shape == nil {
		return nil
	}
	ok := len(shape) == len(s.Shape)
	for i := 0; ok && i < len(s.Shape); i++ {
		ok = s.Shape[i] < 0 || s.Shape[i] == shape[i]
	}
	if !ok {
		return mismatch(npy.ErrShape)
	}
	return nil
}

// specOf describes an output of the graph as the graph knows it.
func specOf(name string, o tfc.Output) (Spec, error) {
	shape, known, err := o.Shape()
	if err != nil {
		return Spec{}, err
	}
	if !known {
		shape = nil
	}
	t := o.DataType()
	return Spec{
		Name: name, Tensor: o.String(), DType: t.DType(), Type: t.String(), Shape: shape,
		HasDefault: o.Op.Type() == savedmodel.DefaultOp,
	}, nil
}

// specFrom reads a signature's TensorInfo.
func specFrom(name string, info *tfpb.TensorInfo) Spec {
	t := tfc.DataType(info.GetDtype())
	s := Spec{Name: name, Tensor: info.GetName(), DType: t.DType(), Type: t.String(), Shape: shapeFrom(info.GetTensorShape())}
	if s.Tensor == "" {
		s.inParts(info)
	}
	return s
}

// shapeFrom reads a shape; nil stands for an unknown rank.
func shapeFrom(shape *tfpb.TensorShapeProto) []int {
	if shape == nil || shape.GetUnknownRank() {
		return nil
	}
	dims := make([]int, len(shape.GetDim()))
	for i, d := range shape.GetDim() {
		dims[i] = int(d.GetSize())
	}
	return dims
}

// Signature is a function of a SavedModel: named inputs and outputs, in
// alphabetical order.
type Signature struct {
	Name    string
	Method  string // "tensorflow/serving/predict"
	Inputs  []Spec
	Outputs []Spec
	// Target is the operation that a signature with no outputs is run for.
	Target string
	// Problem says why the signature cannot be called, though the model is loaded; it is
	// empty where nothing is wrong.
	Problem string
}

// signatureFrom reads a signature of a graph in which the nodes in defaults make what
// is not fed.
func signatureFrom(name string, def *tfpb.SignatureDef, defaults map[string]bool) Signature {
	s := Signature{
		Name:    name,
		Method:  def.GetMethodName(),
		Inputs:  specsFrom(def.GetInputs()),
		Outputs: specsFrom(def.GetOutputs()),
	}
	for i := range s.Inputs {
		s.Inputs[i].HasDefault = defaults[savedmodel.NodeName(s.Inputs[i].Tensor)]
	}
	s.Problem = s.inPartsOnly()
	return s
}

func specsFrom(infos map[string]*tfpb.TensorInfo) []Spec {
	specs := make([]Spec, 0, len(infos))
	for name, info := range infos {
		specs = append(specs, specFrom(name, info))
	}
	slices.SortFunc(specs, func(a, b Spec) int { return strings.Compare(a.Name, b.Name) })
	return specs
}

func names(specs []Spec) []string {
	list := make([]string, len(specs))
	for i, s := range specs {
		list[i] = s.Name
	}
	return list
}
