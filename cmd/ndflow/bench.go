package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
	"ndflow/bench"
	"ndflow/cmd/ndflow/internal/outfile"
	"ndflow/cmd/ndflow/internal/progress"
	"ndflow/cmd/ndflow/internal/terminal"
)

// benchFlags are the flags of "ndflow bench" as they are written.
type benchFlags struct {
	kinds    []string
	peers    []string
	rounds   int
	quick    bool
	json     string
	svg      string
	md       string
	baseline string
	models   string
	python   string
}

func newBench() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [NAME...]",
		Short: "Measure what getting data out of TensorFlow costs, each way",
		Long: `Measure what people claim about TensorFlow and arrays, on this machine: ndflow beside
a loop in C, Python's TensorFlow and NumPy, and other commands, in one run. Each does the
same work on the same data; what it gives is checked before it is timed. NAMEs are
scenarios, all of them by default:

` + scenarioList() + `
Peers, with --peers: ndflow, floor (a loop in C), memcpy, python, external. What is not
there is shown as missing, with how to get it; Python's come with scripts/python --tensorflow.
--peer adds a command that speaks a small protocol of lines on its stdin and stdout, which
'go doc ndflow/bench' describes: any program that can do the work can be beside ndflow.

A full run takes a while and wants a machine that does nothing else. Ctrl-C ends it and
keeps what is done. A run with --baseline compares ndflow's ratios to the floor with those
of an earlier run's JSON on the same machine; the exit code is 1 if one got larger by more
than 5 % and its interval does not meet the earlier one's.`,
		Example: `  ndflow bench --quick                                 does everything work?
  ndflow bench batching conversion                     two scenarios
  ndflow bench --json new.json --baseline old.json     has it got slower?
  ndflow bench --md docs/benchmarks.md --svg docs/benchmarks
  ndflow bench batching --peer mine='./my-binding --serve'`,
		GroupID: groupWork,
		RunE: func(cmd *cobra.Command, args []string) error {
			quietTensorFlow()
			o, err := f.options(cmd, args)
			if err != nil {
				return usage(cmd, err)
			}
			return f.run(cmd, o)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.kinds, "peers", nil, "time only these `kinds` of peers, with commas")
	flags.StringArrayVar(&f.peers, "peer", nil, "time a command as well: `NAME=COMMAND`")
	flags.IntVar(&f.rounds, "rounds", 0, "the `number` of rounds (default 21, or 3 in a quick run)")
	flags.BoolVarP(&f.quick, "quick", "q", false, "small sizes and few rounds: to see that all works")
	flags.StringVar(&f.json, "json", "", "write every timing to a `file`")
	flags.StringVar(&f.svg, "svg", "", "write a plot of each scenario to a `folder`, or of one to a file")
	flags.StringVar(&f.md, "md", "", "write the report as Markdown to a `file`")
	flags.StringVar(&f.baseline, "baseline", "", "compare with an earlier run's JSON `file`")
	flags.StringVar(&f.models, "models", "", "the `folder` of the models (default $NDFLOW_BENCH_MODELS, or testdata/models of the repository)")
	flags.StringVar(&f.python, "python", "", "Python's `interpreter` (default the one that scripts/python made)")
	flags.SortFlags = false
	return cmd
}

// newBenchPeer is how the benchmark runs parts of itself in other processes. It
// is also a peer for --peer to try.
func newBenchPeer() *cobra.Command {
	return &cobra.Command{
		Use:    "bench-peer",
		Short:  "Serve ndflow's own works to a benchmark",
		Hidden: true,
		Args:   exactly(),
		RunE: func(cmd *cobra.Command, args []string) error {
			quietTensorFlow()
			return bench.Serve(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

func scenarioList() string {
	var b strings.Builder
	for _, s := range bench.Scenarios() {
		fmt.Fprintf(&b, "  %-12s %s\n", s.Name, s.Title)
	}
	return b.String()
}

// options reads the flags. Its errors are usage errors.
func (f *benchFlags) options(cmd *cobra.Command, names []string) (bench.Options, error) {
	models := cmp.Or(f.models, os.Getenv("NDFLOW_BENCH_MODELS"))
	o := bench.Options{Rounds: f.rounds, Quick: f.quick, Models: models, PythonAt: f.python, Peers: f.kinds}
	var err error
	if o.Scenarios, err = bench.Find(names...); err != nil {
		return o, err
	}
	known := bench.Kinds()
	for _, p := range f.peers {
		x, err := bench.ParseExternalPeer(p)
		if err != nil {
			return o, fmt.Errorf("--peer: %s", plain(err))
		}
		o.External = append(o.External, x)
		known = append(known, x.Name)
	}
	for _, k := range f.kinds {
		if !slices.Contains(known, k) {
			return o, fmt.Errorf("--peers %s: want some of %s", k, strings.Join(known, ", "))
		}
	}
	if cmd.Flags().Changed("rounds") && f.rounds < bench.LeastRounds {
		return o, fmt.Errorf("--rounds %d: want at least %d", f.rounds, bench.LeastRounds)
	}
	if f.onePlot() && len(o.Scenarios) > 1 {
		return o, fmt.Errorf("--svg %s: a file has the plot of one scenario; want a folder, or the scenario's name", f.svg)
	}
	self, err := os.Executable()
	if err != nil {
		return o, err
	}
	o.Child = []string{self, "bench-peer"}
	o.Command = f.command(cmd, names)
	return o, nil
}

// onePlot reports whether --svg names a file.
func (f *benchFlags) onePlot() bool { return filepath.Ext(f.svg) == ".svg" }

// command is the command line that gives the same figures: without the files
// that are written, which are the user's own.
func (f *benchFlags) command(cmd *cobra.Command, names []string) string {
	words := append([]string{cmd.CommandPath()}, names...)
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		switch flag.Name {
		case "quick":
			words = append(words, "--quick")
		case "rounds", "peers":
			words = append(words, "--"+flag.Name, strings.Trim(flag.Value.String(), "[]"))
		case "peer":
			for _, p := range f.peers {
				words = append(words, "--peer", "'"+p+"'")
			}
		}
	})
	return strings.Join(words, " ")
}

// run measures, and writes and compares what was found.
func (f *benchFlags) run(cmd *cobra.Command, o bench.Options) error {
	baseline, err := f.readBaseline()
	if err != nil {
		return err
	}
	if err := f.checkFiles(); err != nil {
		return err
	}
	bar := progress.Parts(terminal.Only(cmd.ErrOrStderr()))
	o.Baseline = baseline
	o.Progress = func(p bench.Progress) { bar.SetPart(p.Part, p.Scenario) }
	report, err := bench.Run(cmd.Context(), o)
	bar.Stop()
	if err != nil {
		return err
	}
	err = report.WriteTable(cmd.OutOrStdout(), columns(cmd.OutOrStdout()))
	if err := errors.Join(err, f.write(report)); err != nil {
		return err
	}
	if report.Interrupted {
		return context.Canceled
	}
	failed := report.Failed()
	if baseline != nil {
		c, err := report.Compare(baseline)
		if err != nil {
			return err
		}
		if err := c.Write(cmd.OutOrStdout()); err != nil {
			return err
		}
		failed = failed || len(c.Worse) > 0
	}
	if failed {
		return errSaid
	}
	return nil
}

func (f *benchFlags) readBaseline() (*bench.Report, error) {
	if f.baseline == "" {
		return nil, nil
	}
	in, err := os.Open(f.baseline)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	r, err := bench.ReadReport(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.baseline, err)
	}
	return r, nil
}

// checkFiles finds out before a long run whether its results can be written.
func (f *benchFlags) checkFiles() error {
	files := []string{f.json, f.md, f.svg}
	if f.svg != "" && !f.onePlot() {
		if err := os.MkdirAll(f.svg, 0o777); err != nil {
			return err
		}
		files[2] = filepath.Join(f.svg, "any.svg")
	}
	for _, path := range files {
		if path != "" {
			if err := outfile.Check(path); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *benchFlags) write(r *bench.Report) error {
	var errs []error
	if f.json != "" {
		errs = append(errs, outfile.Write(f.json, r.WriteJSON))
	}
	if f.svg != "" {
		errs = append(errs, f.writePlots(r))
	}
	if f.md != "" {
		errs = append(errs, outfile.Write(f.md, func(w io.Writer) error { return r.WriteMarkdown(w, f.pictures()) }))
	}
	return errors.Join(errs...)
}

// pictures is the folder of the plots as a link from the Markdown file.
func (f *benchFlags) pictures() string {
	if f.svg == "" || f.onePlot() {
		return ""
	}
	rel, err := filepath.Rel(filepath.Dir(f.md), f.svg)
	if err != nil {
		return f.svg
	}
	return rel
}

func (f *benchFlags) writePlots(r *bench.Report) error {
	for _, s := range r.Scenarios {
		if !s.Plottable() {
			continue
		}
		svg, err := s.SVG()
		if err != nil {
			return err
		}
		path := f.svg
		if !f.onePlot() {
			path = filepath.Join(f.svg, s.Name+".svg")
		}
		write := func(w io.Writer) error {
			_, err := w.Write(svg)
			return err
		}
		if err := outfile.Write(path, write); err != nil {
			return err
		}
	}
	return nil
}

// columns is the width of the terminal that w is, or 0.
func columns(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}
