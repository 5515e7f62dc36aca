package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ndflow/internal/tfpb"
	"ndflow/npy"
	"ndflow/tfc"
)

// Inputs and outputs of signatures that are made of several tensors, sparse or composite
// (ragged, for one), have no array form. What else a signature has works without them.

// ErrUnavailable: a signature, an input or an output of a model that is loaded cannot be
// had, for the reason that its Problem tells: [Signature], [Spec].
var ErrUnavailable = errors.New("not available")

// inParts describes a tensor that is made of several.
func (s *Spec) inParts(info *tfpb.TensorInfo) {
	kind := "composite"
	switch sparse, composite := info.GetCooSparse(), info.GetCompositeTensor(); {
	case sparse != nil:
		kind = "sparse"
		s.Parts = []Spec{
			{Name: "indices", Tensor: sparse.GetIndicesTensorName(), DType: npy.Int64, Type: "int64", Shape: []int{-1, len(s.Shape)}},
			{Name: "values", Tensor: sparse.GetValuesTensorName(), DType: s.DType, Type: s.Type, Shape: []int{-1}},
			{Name: "dense_shape", Tensor: sparse.GetDenseShapeTensorName(), DType: npy.Int64, Type: "int64", Shape: []int{len(s.Shape)}},
		}
		if s.Shape == nil {
			s.Parts[0].Shape[1], s.Parts[2].Shape[0] = -1, -1
		}
	case composite != nil:
		kind = cmp.Or(composite.GetTypeSpec().GetTypeSpecClassName(), kind)
		for i, part := range composite.GetComponents() {
			s.Parts = append(s.Parts, specFrom(fmt.Sprint(i), part))
		}
		s.ofType(composite.GetTypeSpec())
	}
	s.Problem = fmt.Sprintf("it is made of several tensors (%s), which have no array form", kind)
	if names := tensorNames(s.Parts); len(names) > 0 {
		s.Problem += "; Session.Run knows them as " + strings.Join(names, ", ")
	}
}

// ofType takes dtype and shape from what TensorFlow says of a composite's type: they are
// in it somewhere, first of their kind.
func (s *Spec) ofType(t *tfpb.StructuredValue_TypeSpec) {
	state := t.GetTypeState()
	values := slices.Concat(state.GetTupleValue().GetValues(), state.GetListValue().GetValues())
	number := func(v *tfpb.StructuredValue) bool { return v.GetTensorDtypeValue() != 0 }
	if i := slices.IndexFunc(values, number); i >= 0 {
		dtype := tfc.DataType(values[i].GetTensorDtypeValue())
		s.DType, s.Type = dtype.DType(), dtype.String()
	} else if len(s.Parts) > 0 {
		s.DType, s.Type = s.Parts[0].DType, s.Parts[0].Type
	}
	for _, v := range values {
		if shape := v.GetTensorShapeValue(); shape != nil {
			s.Shape = shapeFrom(shape)
			break
		}
	}
}

// tensorNames lists the tensors that specs name.
func tensorNames(specs []Spec) []string {
	var list []string
	for _, s := range specs {
		if s.Tensor != "" {
			list = append(list, s.Tensor)
		} else {
			list = append(list, tensorNames(s.Parts)...)
		}
	}
	return list
}

// inPartsOnly says why a signature cannot be called with arrays: an input is made of
// several tensors, or all outputs are. It is empty where that is not so.
func (s *Signature) inPartsOnly() string {
	hasProblem := func(s Spec) bool { return s.Problem != "" }
	if i := slices.IndexFunc(s.Inputs, hasProblem); i >= 0 {
		return fmt.Sprintf("input %q: %s", s.Inputs[i].Name, s.Inputs[i].Problem)
	}
	if i := slices.IndexFunc(s.Outputs, func(s Spec) bool { return !hasProblem(s) }); i < 0 && len(s.Outputs) > 0 {
		return fmt.Sprintf("output %q: %s", s.Outputs[0].Name, s.Outputs[0].Problem)
	}
	return ""
}

// err is an [ErrUnavailable] of package pkg for a signature with a problem, else nil.
func (s *Signature) err() error {
	if s.Problem == "" {
		return nil
	}
	return fmt.Errorf("graph: signature %q is %w: %s", s.Name, ErrUnavailable, s.Problem)
}

// usable lists those of the specs that arrays can be had for or fed to.
func usable(specs []Spec) (list []Spec) {
	for _, s := range specs {
		if s.Problem == "" {
			list = append(list, s)
		}
	}
	return list
}
