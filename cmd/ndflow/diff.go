package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/arrays"
	"ndflow/cmd/ndflow/internal/terminal"
	"ndflow/npy"
	"ndflow/npy/diff"
	"ndflow/weights"
)

// diffFlags are the flags of "ndflow diff" as they are written.
type diffFlags struct {
	diff.Options
	match   string
	verbose bool

	pattern *regexp.Regexp
}

func newDiff() *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff A B",
		Short: "Say by how much arrays differ",
		Long: `Say by how much the arrays of A differ from those of B: files (.npy, .npz and those
that 'ndflow convert' reads), models, checkpoints, or one array of them, MODEL:NAME. B is
the one that is right: errors are relative to it.

Where each side is one array, it says the largest, the mean and the relative error, how
many numbers of the dtype lie between (ULPs), where the largest difference is, and draws
histograms. Else arrays are compared by name, a line for each, those that are missing on
a side named; with --verbose all is said of each.

The exit code is 1 if there is a pair with |a-b| > tol + rtol*|b| (as numpy.isclose has
it; with neither, any that is not equal), a shape that differs, or a missing name. A NaN
is equal to a NaN, and to nothing else; --nan-differs makes them different. Infinities
are equal if their signs are.

Arrays in .npy and .npz files are read once, and need no memory. Dtypes may differ.`,
		Example: `  ndflow diff have.npy want.npy
  ndflow diff have.npz want.npz --tol 1e-6 --rtol 1e-3
  ndflow diff old-model new-model --match kernel
  ndflow diff model:dense/kernel kernel.npy`,
		GroupID: groupWork,
		Args:    exactly("A", "B"),
		RunE: func(cmd *cobra.Command, args []string) error {
			quietTensorFlow()
			if err := f.check(); err != nil {
				return usage(cmd, err)
			}
			return f.run(cmd, args[0], args[1])
		},
	}
	flags := cmd.Flags()
	flags.Float64Var(&f.Abs, "tol", 0, "the largest difference that is allowed, a `number`")
	flags.Float64Var(&f.Rel, "rtol", 0, "allow this `part` of the number in B besides")
	flags.BoolVar(&f.NaNDiffers, "nan-differs", false, "a NaN differs from a NaN")
	flags.StringVar(&f.match, "match", "", "only arrays whose name matches a `regexp`")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "say all of each array, where there are several")
	flags.SortFlags = false
	return cmd
}

// check reads the flags. Its errors are usage errors.
func (f *diffFlags) check() error {
	for name, v := range map[string]float64{"tol": f.Abs, "rtol": f.Rel} {
		if !(v >= 0) || math.IsInf(v, 0) {
			return fmt.Errorf("--%s %g: want 0 or more", name, v)
		}
	}
	if f.match == "" {
		return nil
	}
	var err error
	if f.pattern, err = regexp.Compile(f.match); err != nil {
		return fmt.Errorf("--match: %w", err)
	}
	return nil
}

func (f *diffFlags) run(cmd *cobra.Command, left, right string) error {
	a, err := arrays.Open(left, f.pattern)
	if err != nil {
		return ofFiles(err)
	}
	defer a.Close()
	b, err := arrays.Open(right, f.pattern)
	if err != nil {
		return ofFiles(err)
	}
	defer b.Close()
	if len(a.Infos) == 1 && len(b.Infos) == 1 {
		r, err := f.compare(cmd, a, b, a.Infos[0].Name, b.Infos[0].Name)
		if err != nil {
			return err
		}
		if err := f.writeOne(cmd.OutOrStdout(), r); err != nil {
			return err
		}
		if !r.Same() {
			return errSaid
		}
		return nil
	}
	return f.byName(cmd, a, b)
}

func (f *diffFlags) writeOne(w io.Writer, r *diff.Result) error {
	t := terminal.Of(w)
	return r.Write(w, diff.Text{Width: t.Width, Unicode: t.Unicode, Options: f.Options})
}

// compare goes through an array of each side and gives their memory back.
func (f *diffFlags) compare(cmd *cobra.Command, a, b *arrays.Set, left, right string) (*diff.Result, error) {
	x, err := a.Blocks(left)
	if err != nil {
		return nil, err
	}
	defer x.Release()
	y, err := b.Blocks(right)
	if err != nil {
		return nil, err
	}
	defer y.Release()
	return diff.Blocks(cmd.Context(), x, y, f.Options)
}

// byName compares all arrays that are on both sides, and names the others.
func (f *diffFlags) byName(cmd *cobra.Command, a, b *arrays.Set) error {
	w := cmd.OutOrStdout()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "name\tarray\tdiffer\tpast tolerance\tlargest\tmean\trelative\tULPs\tlargest at")
	there := names(b.Infos)
	same := true
	for _, i := range a.Infos {
		if !there[i.Name] {
			continue
		}
		r, err := f.compare(cmd, a, b, i.Name, i.Name)
		if errors.Is(err, npy.ErrShape) || errors.Is(err, npy.ErrDType) {
			same = false
			fmt.Fprintf(table, "%s\t%s\n", i.Name, plain(err))
			continue
		}
		if err != nil {
			return err
		}
		same = same && r.Same()
		writeRow(table, i.Name, r)
		if f.verbose {
			table.Flush()
			if err := f.writeOne(w, r); err != nil {
				return err
			}
			fmt.Fprintln(w)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, side := range []struct{ has, lacks *arrays.Set }{{a, b}, {b, a}} {
		other := names(side.lacks.Infos)
		for _, i := range side.has.Infos {
			if !other[i.Name] {
				same = false
				if _, err := fmt.Fprintf(w, "%s (%v) is only in %s\n", i.Name, i, side.has.Path); err != nil {
					return err
				}
			}
		}
	}
	if !same {
		return errSaid
	}
	return nil
}

func names(list []weights.Info) map[string]bool {
	set := make(map[string]bool)
	for _, i := range list {
		set[i.Name] = true
	}
	return set
}

func writeRow(w io.Writer, name string, r *diff.Result) {
	what := fmt.Sprintf("%v %v", r.DTypes[0], r.Shape)
	if r.DTypes[0] != r.DTypes[1] {
		what = fmt.Sprintf("%v, %v %v", r.DTypes[0], r.DTypes[1], r.Shape)
	}
	ulps, at := "-", "-"
	if r.ULPs != nil {
		ulps = fmt.Sprint(r.ULPs.Max)
	}
	if r.MaxAt.Index != nil {
		at = fmt.Sprint(r.MaxAt.Index)
	}
	if r.OneNaN > 0 {
		at += fmt.Sprintf(", %d NaN on one side", r.OneNaN)
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%.4g\t%.4g\t%.4g\t%s\t%s\n", name, what, r.Different, r.Beyond, r.Max, r.Mean, r.Relative, ulps, at)
}
