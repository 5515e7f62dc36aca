package eager

import (
	"errors"
	"fmt"

	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

// Errors that callers can test for with errors.Is. What TensorFlow reports is a
// *tfc.Error, which is its code for errors.Is: tfc.InvalidArgument and so on. What
// does not agree with an op's signature is an *ops.DefError, a name that does not
// exist a *graph.NameError.
var (
	// ErrClosed: the context, tensor or op was closed.
	ErrClosed = tfc.ErrClosed
	// ErrBusy: an Op is used by two goroutines at once, or a tensor that is to be
	// replaced is just being used.
	ErrBusy = tfc.ErrBusy
	// ErrInUse: TensorFlow still reads the array's memory.
	ErrInUse = tfc.ErrInUse
	// ErrAligned: memory that is to be used in place is misaligned.
	ErrAligned = tfc.ErrAligned
	// ErrPartial: an op has failed after it had begun to write results into the
	// arrays where they land; what those contain is undefined.
	ErrPartial = graph.ErrPartial
	// ErrFull: so many calls whose ctx has ended still run that there is no room for one
	// that may become one more.
	ErrFull = graph.ErrFull
	// ErrMissing: a part of the model is missing; see [graph.ErrMissing].
	ErrMissing = graph.ErrMissing
	// ErrDamaged: the model's files are not what they should be.
	ErrDamaged = graph.ErrDamaged
	// ErrUnavailable: a signature, an output or a function of a model that is loaded cannot
	// be had; see [graph.ErrUnavailable].
	ErrUnavailable = graph.ErrUnavailable
	// ErrContext: a tensor is of another context.
	ErrContext = errors.New("tensor of another context")
	// ErrNotCompiled: XLA cannot compile a function that it must.
	ErrNotCompiled = errors.New("XLA cannot compile it")
	// ErrNoArray: a tensor of resources or variants has no array form.
	ErrNoArray = errors.New("no array form")
)

// bare is an error of this package without its first words, for those who say more.
func bare(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// landing says in this package's words why a result has not landed; what names it.
func landing(what string, err error) error {
	var dtype *tfc.DTypeError
	if errors.As(err, &dtype) {
		return fmt.Errorf("eager: %s: %w: have an array of %v, want %v", what, npy.ErrDType, dtype.Want, dtype.Have)
	}
	var fit *tfc.FitError
	if errors.As(err, &fit) {
		return fmt.Errorf("eager: %s: %w: have an array %v, want %v, or a flat one of at least %d elements", what, npy.ErrShape, fit.Have, fit.Want, fit.Elements())
	}
	return fmt.Errorf("eager: %s: %w", what, err)
}
