package graph

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ndflow/internal/savedmodel"
	"ndflow/npy"
	"ndflow/tfc"
)

// Errors that callers can test for with errors.Is. What TensorFlow reports is
// a *tfc.Error, which is its code for errors.Is: tfc.InvalidArgument and so on.
var (
	// ErrClosed: the model, session or runner was closed.
	ErrClosed = tfc.ErrClosed
	// ErrBusy: a Runner is used by two goroutines at once.
	ErrBusy = errors.New("runner is already in use by another goroutine")
	// ErrInUse: TensorFlow still reads the array's memory.
	ErrInUse = tfc.ErrInUse
	// ErrPartial: the step has failed after it had begun to write results into
	// the arrays where they land; what those contain is undefined.
	ErrPartial = errors.New("partly written")
	// ErrForeign: a tensor is of another graph.
	ErrForeign = tfc.ErrForeign
	// ErrNoTensor: an Output that stands for no tensor.
	ErrNoTensor = errors.New("no tensor")
	// ErrNotFed: an input has no array.
	ErrNotFed = errors.New("not fed")
	// ErrNotFetched: an output was not computed, or its result is gone.
	ErrNotFetched = errors.New("no result")
	// ErrNoModel: the folder or file holds no model.
	ErrNoModel = savedmodel.ErrNoModel
	// ErrMissing: a part of the model is missing: its checkpoint or a data file of that,
	// a tensor in it, or an asset.
	ErrMissing = savedmodel.ErrMissing
	// ErrDamaged: the model's files are not what they should be.
	ErrDamaged = savedmodel.ErrDamaged
)

// NameError says that a name is not one of those that exist.
type NameError struct {
	Package string // that has looked for it; "graph" if it is empty
	Kind    string // "input", "output", "signature", "tag set", "operation", "device"
	Name    string
	Have    []string // those that exist
}

func (e *NameError) Error() string {
	pkg := cmp.Or(e.Package, "graph")
	if len(e.Have) == 0 {
		return fmt.Sprintf("%s: no %s %q; there are none", pkg, e.Kind, e.Name)
	}
	const most = 20
	have := slices.Clone(e.Have)
	more := ""
	if len(have) > most {
		more = fmt.Sprintf(" and %d more", len(have)-most)
		have = have[:most]
	}
	for i, h := range have {
		have[i] = fmt.Sprintf("%q", h)
	}
	return fmt.Sprintf("%s: no %s %q; there are: %s%s", pkg, e.Kind, e.Name, strings.Join(have, ", "), more)
}

// MismatchError says that an array does not have the dtype or shape of an
// input or output. It is npy.ErrDType or npy.ErrShape for errors.Is.
type MismatchError struct {
	Package string // that was given it; "graph" if it is empty
	Kind    string // "input" or "output"
	Name    string
	Have    string // the array, "float64 [3 4]"
	Want    string // the input or output, "float32 [-1 4]"
	err     error
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%s: %s %q: have %s, want %s", cmp.Or(e.Package, "graph"), e.Kind, e.Name, e.Have, e.Want)
}

// Unwrap returns npy.ErrDType or npy.ErrShape.
func (e *MismatchError) Unwrap() error { return e.err }

// SizeError says that a result does not fit the array that it was to land in.
// Nothing was written. It is npy.ErrShape for errors.Is.
type SizeError struct {
	Output string
	Have   []int // the array's shape
	Need   []int // the result's shape
	Flat   int   // the elements that a flat array needs
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("graph: output %q: result %v does not fit in array %v; it needs %d elements, "+
		"in a flat array or in one that equals the result beyond axis 0", e.Output, e.Need, e.Have, e.Flat)
}

// Unwrap returns npy.ErrShape.
func (e *SizeError) Unwrap() error { return npy.ErrShape }

func describe(a *npy.Array) string {
	if a == nil {
		return "a nil array"
	}
	return fmt.Sprintf("%v %v", a.DType(), a.Shape())
}

// inner is what an error says within another one of this package.
func inner(err error) string { return strings.TrimPrefix(fmt.Sprint(err), "graph: ") }
