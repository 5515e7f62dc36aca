package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/shrink"
	"ndflow/cmd/ndflow/internal/terminal"
	"ndflow/npy/quant"
)

// quantizeFlags are the flags of "ndflow quantize" as they are written.
type quantizeFlags struct {
	out, report, check string
	signature, tags    string
	keep               string
	scheme, method     string
	perChannel         bool
	axis               int
	percent            float64
	each               string
	batch              int
	force              bool
}

func newQuantize() *cobra.Command {
	var f quantizeFlags
	cmd := &cobra.Command{
		Use:   "quantize MODEL -o FILE.npz",
		Short: "Write a model's weights as INT8, and say what that costs",
		Long: `Write the weights of a SavedModel as 8-bit integers, a quarter as large, and say what
that costs: of each weight, and, with --check, of what the model makes of your data.

The .npz file has, for each weight of floats, its integers under its name, and beside
them NAME.scale and NAME.zero_point, which broadcast against them. In NumPy

  weight = (z[NAME].astype("f4") - z[NAME + ".zero_point"]) * z[NAME + ".scale"]

and in Go quant.Open reads the file. Weights of other types, those that --keep names,
and those too small to gain by it, are in it as they are. The model itself is not
touched.

With --check FILE.npz, whose arrays are named as the model's inputs, the model is run as
it is and with its weights quantized, and its outputs are compared: the largest error,
the ratio of signal and noise (SNR), the cosine, and how often the greatest element of a
row is the same (top-1). It is run with each weight alone quantized as well, where that
takes no longer than half a minute, so that the table begins with the weights to keep.

Each weight is quantized as a whole, or, with --per-channel, each channel along an axis
(the last one unless --axis says otherwise: TensorFlow's output channels) on its own;
vectors stay whole. A range is that of a weight's elements, or leaves some of them out:

  --range minmax       from the least to the greatest
  --range percentile   without the outermost, see --percentile
  --range mse          so that the mean squared error is least`,
		Example: `  ndflow quantize model -o int8.npz
  ndflow quantize model -o int8.npz --check data.npz --report report.json --per-channel
  ndflow quantize model -o int8.npz --check data.npz --keep '^embedding|/bias$' --range mse`,
		GroupID: groupWork,
		Args:    exactly("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(cmd, args[0])
			if err != nil {
				return usage(cmd, err)
			}
			quietTensorFlow()
			return shrink.Run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "the .npz `file` to write")
	flags.StringVar(&f.report, "report", "", "write all that was found to this .json `file` as well")
	flags.StringVar(&f.check, "check", "", "run the model on this data: a .npz `file` (.npy where there is one input)")
	flags.StringVar(&f.keep, "keep", "", "leave weights as they are whose names match this `regexp`")
	flags.StringVar(&f.scheme, "scheme", "symmetric", "where zero lies: `symmetric` or affine")
	flags.BoolVar(&f.perChannel, "per-channel", false, "a scale for each channel")
	flags.IntVar(&f.axis, "axis", -1, "with --per-channel, the `axis` of the channels")
	flags.StringVar(&f.method, "range", "minmax", "how the range is found: `minmax`, percentile or mse")
	flags.Float64Var(&f.percent, "percentile", quant.DefaultPercent, "with --range percentile, the `percent` of the elements within the range")
	flags.StringVarP(&f.signature, "signature", "s", "", "with --check, the `name` of the signature (default serving_default, or the only one)")
	flags.IntVarP(&f.batch, "batch", "b", 0, "with --check, run in batches of `N` rows (default all in one step)")
	flags.StringVar(&f.each, "each", "auto", "with --check, try each weight alone: `auto`, always or never")
	flags.StringVar(&f.tags, "tags", "serve", "the `tags` of the model's MetaGraph, with commas")
	flags.BoolVar(&f.force, "force", false, "replace files that are there")
	flags.SortFlags = false
	return cmd
}

// options reads the flags. Its errors are usage errors.
func (f *quantizeFlags) options(cmd *cobra.Command, model string) (shrink.Options, error) {
	o := shrink.Options{
		Model: model, Tags: parseTags(f.tags), Signature: f.signature, Out: f.out, Report: f.report, Check: f.check,
		Batch: f.batch, Each: shrink.Each(f.each), Force: f.force, Print: cmd.OutOrStdout(),
		Config: quant.Config{PerChannel: f.perChannel, Axis: f.axis, Percent: f.percent},
	}
	switch {
	case f.out == "":
		return o, errors.New("--out is missing: the .npz file to write")
	case filepath.Ext(f.out) != ".npz":
		return o, fmt.Errorf("--out %s: want a name that ends in .npz", f.out)
	case f.check != "" && filepath.Ext(f.check) != ".npz" && filepath.Ext(f.check) != ".npy":
		return o, fmt.Errorf("--check %s: want a name that ends in .npz or .npy", f.check)
	case f.batch < 0:
		return o, fmt.Errorf("--batch %d: want at least 1 row", f.batch)
	case !(f.percent > 0 && f.percent <= 100):
		return o, fmt.Errorf("--percentile %v: want one above 0, up to 100", f.percent)
	case o.Each != shrink.EachAuto && o.Each != shrink.EachAlways && o.Each != shrink.EachNever:
		return o, fmt.Errorf("--each %s: want auto, always or never", f.each)
	}
	needs := map[string]string{"axis": "per-channel", "signature": "check", "batch": "check", "each": "check"}
	for _, name := range []string{"axis", "signature", "batch", "each"} {
		if cmd.Flags().Changed(name) && !cmd.Flags().Changed(needs[name]) {
			return o, fmt.Errorf("--%s needs --%s", name, needs[name])
		}
	}
	if cmd.Flags().Changed("percentile") && f.method != quant.Percentile.String() {
		return o, errors.New("--percentile needs --range percentile")
	}
	var err error
	if o.Config.Scheme, err = quant.ParseScheme(f.scheme); err != nil {
		return o, errors.New("--scheme: " + plain(err))
	}
	if o.Config.Method, err = quant.ParseMethod(f.method); err != nil {
		return o, errors.New("--range: " + plain(err))
	}
	if f.keep != "" {
		if o.Keep, err = regexp.Compile(f.keep); err != nil {
			return o, fmt.Errorf("--keep: %w", err)
		}
	}
	o.Progress = terminal.Only(cmd.ErrOrStderr())
	return o, nil
}
