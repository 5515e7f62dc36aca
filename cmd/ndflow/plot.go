package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/arrays"
	"ndflow/cmd/ndflow/internal/outfile"
	"ndflow/cmd/ndflow/internal/progress"
	"ndflow/cmd/ndflow/internal/terminal"
	"ndflow/plot"
)

// plotFlags are the flags of "ndflow plot" as they are written.
type plotFlags struct {
	out   string
	kind  string
	all   string
	match string
	force bool
	plot.Options

	picked  plot.Kind
	pattern *regexp.Regexp
}

func newPlot() *cobra.Command {
	var f plotFlags
	cmd := &cobra.Command{
		Use:   "plot FILE|MODEL:VARIABLE... [-o FILE.png|FILE.svg]",
		Short: "Draw arrays: histograms, heat maps, images, lines, clouds",
		Long: `Draw arrays: what is in files, and the variables of models.

  FILE.npy              the array in the file
  FILE.npz:NAME         an array of an archive; a column of .csv, .json, .arrow, .parquet
  MODEL:NAME            a variable of a SavedModel; 'ndflow plot --all MODEL' lists them
  CHECKPOINT:NAME       a variable of a checkpoint

Kinds of pictures, with --kind:
  hist      a histogram of all elements; several arrays in one picture
  heat      a matrix in colours; the axes before the last are joined
  image     [H W], [H W C], [N H W] or [N H W C], C of 1, 3 or 4; a batch as a grid
  line      [N], or [N M] with a line for each of a few columns; several arrays
  scatter   two arrays of one shape: the first across, the second up
Without it the shape decides: images have 3 or 4 colours, one axis is a line, two are a
heat map, and several arrays or more axes a histogram.

With no -o the picture is drawn in letters: in blocks and colours as far as the
terminal has them (NO_COLOR is respected).

With --all MODEL it is one page for all weights, each read once: FILE.html is a table
with statistics and pictures that can be searched and sorted, FILE.png and FILE.svg a
grid of histograms.

NaN and infinite elements are left out, and counted above the picture. Arrays that are
large are drawn in bins, found in one pass by all cores; a file is not read into memory.`,
		Example: `  ndflow plot weights.npy
  ndflow plot model:dense/kernel -o kernel.svg --log
  ndflow plot loss.npy val_loss.npy --kind line -o loss.png
  ndflow plot have.npy want.npy --kind scatter -o compare.png
  ndflow plot --all model -o weights.html`,
		GroupID: groupWork,
		RunE: func(cmd *cobra.Command, args []string) error {
			quietTensorFlow()
			if err := f.check(cmd, args); err != nil {
				return usage(cmd, err)
			}
			return f.run(cmd, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.out, "out", "o", "", "write the picture to a `file`: .png, .svg, with --all also .html")
	flags.StringVarP(&f.kind, "kind", "k", "", "the `kind` of picture: hist, heat, image, line, scatter (default by the shape)")
	flags.BoolVar(&f.Log, "log", false, "logarithmic counts, colours or upright axis")
	flags.IntVar(&f.Bins, "bins", 0, "the `number` of bins of a histogram, at most (default 64)")
	flags.StringVar(&f.Title, "title", "", "the `text` above the picture (default the names of the arrays)")
	flags.StringVar(&f.Unit, "unit", "", "the `unit` of the elements, for the axis")
	flags.StringVar(&f.all, "all", "", "one page for all arrays of a `model`, checkpoint or archive")
	flags.StringVar(&f.match, "match", "", "with --all, only arrays whose name matches a `regexp`")
	flags.BoolVarP(&f.force, "force", "f", false, "write over a file that exists")
	flags.SortFlags = false
	return cmd
}

// check reads the flags. Its errors are usage errors.
func (f *plotFlags) check(cmd *cobra.Command, args []string) error {
	var err error
	all := cmd.Flags().Changed("all")
	switch {
	case all && len(args) > 0:
		return fmt.Errorf("--all %s is all of it: do not know what to do with %q", f.all, args[0])
	case all && f.kind != "":
		return errors.New("--kind and --all do not go together: the page has histograms and heat maps")
	case !all && len(args) == 0:
		return errors.New("FILE or MODEL:VARIABLE is missing")
	case f.match != "" && !all:
		return errors.New("--match needs --all")
	case cmd.Flags().Changed("bins") && (f.Bins < 1 || f.Bins > 4096):
		return fmt.Errorf("--bins %d: want 1 to 4096", f.Bins)
	}
	if f.kind != "" {
		if f.picked, err = plot.ParseKind(f.kind); err != nil {
			return fmt.Errorf("--kind %q: want hist, heat, image, line or scatter", f.kind)
		}
	}
	if f.pattern, err = regexp.Compile(f.match); err != nil {
		return fmt.Errorf("--match: %w", err)
	}
	switch ext := strings.ToLower(filepath.Ext(f.out)); {
	case f.out == "" || ext == ".png" || ext == ".svg" || ext == ".html" && all:
		return nil
	case ext == ".html":
		return fmt.Errorf("-o %s: a page needs --all; want .png or .svg", f.out)
	case all:
		return fmt.Errorf("-o %s: want .html, .png or .svg", f.out)
	}
	return fmt.Errorf("-o %s: want .png or .svg", f.out)
}

func (f *plotFlags) run(cmd *cobra.Command, args []string) error {
	if f.out != "" {
		if err := mayWrite(f.out, f.force); err != nil {
			return err
		}
		if err := outfile.Check(f.out); err != nil {
			return err
		}
	}
	if f.all != "" {
		return f.runAll(cmd)
	}
	figure, err := f.draw(cmd.Context(), args)
	if err != nil {
		return err
	}
	return f.write(cmd.OutOrStdout(), figure)
}

// mayWrite is an error if there is a file that was not to be written over.
func mayWrite(path string, force bool) error {
	_, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && force:
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%s exists: --force writes over it", path)
}

// draw makes the picture of the arrays that the arguments name.
func (f *plotFlags) draw(ctx context.Context, args []string) (*plot.Figure, error) {
	var series []plot.Blocks
	for _, arg := range args {
		s, done, err := arrays.Read(arg)
		if err != nil {
			return nil, ofFiles(err)
		}
		defer done()
		series = append(series, s)
	}
	kind := f.picked
	if kind == 0 {
		kind = plot.KindOf(series...)
	}
	return plot.DrawBlocks(ctx, kind, f.Options, series...)
}

func (f *plotFlags) write(stdout io.Writer, figure *plot.Figure) error {
	switch strings.ToLower(filepath.Ext(f.out)) {
	case ".png":
		return outfile.Write(f.out, figure.WritePNG)
	case ".svg":
		return outfile.Write(f.out, figure.WriteSVG)
	}
	return figure.WriteText(stdout, terminal.Of(stdout))
}

// runAll makes a page of all arrays, one after the other.
func (f *plotFlags) runAll(cmd *cobra.Command) error {
	set, err := arrays.Open(f.all, f.pattern)
	if err != nil {
		return ofFiles(err)
	}
	defer set.Close()
	title := f.Title
	if title == "" {
		title = "Weights of " + f.all
	}
	report := plot.NewReport(title, f.Options)
	if err := f.gather(cmd, set, report); err != nil {
		return err
	}
	if strings.EqualFold(filepath.Ext(f.out), ".html") {
		return outfile.Write(f.out, report.WriteHTML)
	}
	figure, err := report.Figure()
	if err != nil {
		return err
	}
	return f.write(cmd.OutOrStdout(), figure)
}

func (f *plotFlags) gather(cmd *cobra.Command, set *arrays.Set, report *plot.Report) error {
	bar := progress.Parts(terminal.Only(cmd.ErrOrStderr()))
	defer bar.Stop()
	var total, done int64
	for _, i := range set.Infos {
		total += i.Bytes() + 1
	}
	for _, i := range set.Infos {
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		bar.SetPart(float64(done)/float64(total), i.Name)
		done += i.Bytes() + 1
		if !i.DType.Valid() {
			report.AddProblem(i.Name, i.DType, i.Shape, errors.New("not a dtype that ndflow reads"))
			continue
		}
		b, err := set.Blocks(i.Name)
		if err != nil {
			return err
		}
		err = report.AddBlocks(cmd.Context(), plot.Blocks{Name: i.Name, Blocks: b})
		b.Release()
		if err != nil {
			return err
		}
	}
	return nil
}
