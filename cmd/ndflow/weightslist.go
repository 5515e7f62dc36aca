package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"ndflow/internal/numbers"
	"ndflow/npy"
	"ndflow/npy/stat"
	"ndflow/weights"
)

// listWeights writes a table with a line for each array, as soon as that has been read:
// one is read at a time.
func listWeights(ctx context.Context, w io.Writer, s weights.Source) error {
	list := s.List()
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "no variables")
		return err
	}
	name, shape := len("name"), len("shape")
	for _, i := range list {
		name, shape = max(name, len([]rune(i.Name))), max(shape, len(fmt.Sprint(i.Shape)))
	}
	line := func(cells ...any) error {
		_, err := fmt.Fprintf(w, fmt.Sprintf("%%-%ds  %%-8s  %%-%ds  %%11v  %%11s  %%11s  %%11s  %%11s  %%9v  %%7v\n", name, shape), cells...)
		return err
	}
	if err := line("name", "dtype", "shape", "bytes", "mean", "std", "min", "max", "zeros", "NaNs"); err != nil {
		return err
	}
	var elements, bytes int64
	for _, info := range list {
		l, err := lookAt(ctx, s, info)
		if err != nil {
			return err
		}
		elements, bytes = elements+l.count, bytes+l.bytes
		if err := line(info.Name, l.dtype, fmt.Sprint(info.Shape), l.bytes, l.mean, l.std, l.min, l.max, l.zeros, l.nans); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "\n%d variables, %d elements, %d bytes\n", len(list), elements, bytes)
	return err
}

// listed is a line of the list.
type listed struct {
	dtype               string
	count, bytes        int64
	mean, std, min, max string
	zeros, nans         string
}

func lookAt(ctx context.Context, s weights.Source, info weights.Info) (listed, error) {
	l := listed{dtype: info.DType.String(), mean: "-", std: "-", min: "-", max: "-", zeros: "-", nans: "-"}
	if info.DType == npy.Invalid {
		l.dtype = "?" // a dtype that the file does not tell, or with no array form
		return l, nil
	}
	b, err := weights.Blocks(s, info.Name)
	if err != nil {
		return l, err
	}
	defer b.Release()
	l.count, l.bytes = int64(b.Len()), int64(b.Len()*b.DType().Size())
	if b.DType() == npy.String {
		return l, numbers.Walk(ctx, 0, b.Len(), 1, func(_ int, parts []*npy.Array) error {
			texts, err := npy.Values[string](parts[0])
			for _, t := range texts {
				l.bytes += int64(len(t))
			}
			return err
		}, b)
	}
	found, err := stat.OfBlocks(ctx, b)
	if errors.Is(err, npy.ErrDType) {
		return l, nil // complex numbers
	}
	if err != nil {
		return l, err
	}
	l.zeros, l.nans = strconv.FormatInt(found.Zeros, 10), strconv.FormatInt(found.NaNs, 10)
	if found.NaNs == found.Count {
		return l, nil
	}
	l.mean, l.std = short(found.Mean), short(found.Std)
	l.min, l.max = found.Least(), found.Greatest()
	if len(l.min) > 11 {
		l.min = short(found.Min)
	}
	if len(l.max) > 11 {
		l.max = short(found.Max)
	}
	return l, nil
}

// short shows a number in a cell of the table.
func short(x float64) string { return strconv.FormatFloat(x, 'g', 5, 64) }
