package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/job"
	"ndflow/cmd/ndflow/internal/terminal"
	"ndflow/graph"
)

// runFlags are the flags of "ndflow run" as they are written.
type runFlags struct {
	in, out   []string
	signature string
	tags      string
	batch     string
	workers   int
	resume    bool
	onError   string
	executor  string
	threads   int
	device    string
	strict    bool
	timeout   time.Duration
	verbose   bool
}

func newRun() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run MODEL --in NAME=FILE... --out NAME=FILE...",
		Short: "Run a model over files",
		Long: `Run a model: arrays in from files, results out to files.

MODEL is the folder of a SavedModel, or the .pb file of a GraphDef, whose names are
TensorFlow's own ("dense/Relu:0"). "ndflow show MODEL" lists the names.

Inputs, as often as needed:
  --in NAME=FILE.npy        the array in the file; it is mapped, not copied
  --in NAME=FILE.npz        the array of that name in the archive
  --in FILE.npz             all arrays of the archive, to the inputs of their names
  --in NAME=text:FILE       the lines of a text file, as strings

Outputs:
  --out NAME=FILE.npy       one output
  --out NAME=FILE.npz       one output of several in an archive
  --out FILE.npz            all outputs, under their names
With no --out at all the results are printed.

Where the model has a single input or output, NAME= can be left out. A name that is
empty or has an equals sign in it is written in quotation marks, inside the shell's:
--in '"a=b"=FILE.npy', --out '""=FILE.npy'. Files get their names when everything is
complete: a run that fails leaves what was there as it was.

A model of another machine may ask for devices that this one does not have. Its ops run
elsewhere then: --verbose tells which, and --strict-placement makes that an error.

With --batch the inputs are cut along their first axis, and each batch lands in its rows
of the result, several batches at a time: files can be larger than memory. "auto" finds
a good size and a good number of workers on the first rows. A model whose steps change
what it keeps, such as one that counts, is not tried out on them: there "auto" is 32
rows, and the number of workers 1 unless --workers says more.

A batched run whose outputs are .npy files can be gone on with after a kill, with
--resume: FILE.npy.partial has what is done, and the result is the same as if nothing
had happened. With --resume from the start, what is done is kept after an error or an
interrupt as well. With --on-error skip, a batch that fails leaves its rows zero and is
recorded in FILE.npy.skipped.jsonl: the rows from "lo" up to "hi", and the error.`,
		Example: `  ndflow run model --in images.npy --out probs=probs.npy
  ndflow run model --in a=a.npy --in b=b.npy --out results.npz --signature sum
  ndflow run model --in huge.npy --out embedding=huge-embedding.npy --batch auto --resume
  ndflow run model --in words=text:words.txt
  ndflow run frozen.pb --in input:0=x.npy --out softmax:0=y.npy`,
		GroupID: groupWork,
		Args:    exactly("MODEL"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o, err := f.options(cmd, args[0])
			if err != nil {
				return usage(cmd, err)
			}
			return runJob(cmd.Context(), o, f.timeout)
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.in, "in", "i", nil, "feed an input: `NAME=FILE`")
	flags.StringArrayVarP(&f.out, "out", "o", nil, "keep an output: `NAME=FILE`")
	flags.StringVarP(&f.signature, "signature", "s", "", "the `name` of the signature (default serving_default, or the only one)")
	flags.StringVar(&f.tags, "tags", "serve", "the `tags` of the model's MetaGraph, with commas")
	flags.StringVarP(&f.batch, "batch", "b", "", "run in batches of `N` rows, or auto (default all rows in one step)")
	flags.IntVar(&f.workers, "workers", 0, "with --batch, the `number` of batches at once (default found out)")
	flags.BoolVar(&f.resume, "resume", false, "with --batch, go on where an earlier run was stopped")
	flags.StringVar(&f.onError, "on-error", "stop", "with --batch, where one fails: `stop` or skip")
	flags.StringVar(&f.executor, "executor", "auto", "the `threads` that run a step: auto, inline or pool")
	flags.IntVar(&f.threads, "threads", 0, "TensorFlow's `number` of threads (default one per core)")
	flags.StringVar(&f.device, "device", "", "the `device` to run on: CPU or GPU:0 (default the first GPU, else the CPU)")
	flags.BoolVar(&f.strict, "strict-placement", false, "fail where the model asks for a device that does not exist")
	flags.DurationVar(&f.timeout, "timeout", 0, "give up after this `time`, such as 90s or 5m (default never)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "say what happens and how long it takes")
	flags.SortFlags = false
	return cmd
}

// options reads the flags. Its errors are usage errors.
func (f *runFlags) options(cmd *cobra.Command, model string) (job.Options, error) {
	o := job.Options{
		Model: model, Signature: f.signature, Threads: f.threads, Device: f.device, StrictDevices: f.strict,
		Workers: f.workers, Resume: f.resume, SkipErrors: f.onError == "skip",
		Print: cmd.OutOrStdout(),
		Note:  func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), "ndflow: "+format+"\n", args...) },
	}
	if err := f.batches(cmd, &o); err != nil {
		return o, err
	}
	for _, arg := range f.in {
		s, err := job.ParseSource(arg)
		if err != nil {
			return o, fmt.Errorf("--in %w", err)
		}
		o.In = append(o.In, s)
	}
	for _, arg := range f.out {
		t, err := job.ParseTarget(arg)
		if err != nil {
			return o, fmt.Errorf("--out %w", err)
		}
		o.Out = append(o.Out, t)
	}
	var err error
	if o.Executor, err = graph.ParseExecutor(f.executor); err != nil {
		return o, errors.New("--executor: " + plain(err))
	}
	switch {
	case f.threads < 0:
		return o, fmt.Errorf("--threads %d: want at least 1", f.threads)
	case f.timeout < 0:
		return o, fmt.Errorf("--timeout %s: want a time to come", f.timeout)
	}
	if cmd.Flags().Changed("tags") {
		tags := parseTags(f.tags)
		o.Tags = &tags
	}
	if f.verbose {
		o.Log = func(format string, args ...any) { fmt.Fprintf(cmd.ErrOrStderr(), format+"\n", args...) }
	} else {
		quietTensorFlow()
	}
	o.Progress = terminal.Only(cmd.ErrOrStderr())
	return o, nil
}

// batches reads the flags that are about batches.
func (f *runFlags) batches(cmd *cobra.Command, o *job.Options) error {
	if !cmd.Flags().Changed("batch") {
		for _, name := range []string{"workers", "resume", "on-error"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s needs --batch", name)
			}
		}
		return nil
	}
	o.Batch = job.BatchAuto
	if f.batch != "auto" {
		n, err := strconv.Atoi(f.batch)
		if err != nil || n < 1 {
			return fmt.Errorf("--batch %s: want at least 1 row, or auto", f.batch)
		}
		o.Batch = n
	}
	switch {
	case cmd.Flags().Changed("workers") && f.workers < 1:
		return fmt.Errorf("--workers %d: want at least 1", f.workers)
	case f.onError != "stop" && f.onError != "skip":
		return fmt.Errorf("--on-error %s: want stop or skip", f.onError)
	}
	return nil
}

func runJob(ctx context.Context, o job.Options, timeout time.Duration) error {
	within := ctx
	if timeout > 0 {
		var cancel context.CancelFunc
		within, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	err := job.Run(within, o)
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		return fmt.Errorf("gave up after %s, as --timeout says", timeout)
	}
	return err
}

// parseTags reads tags with commas between them; none at all is also a choice.
func parseTags(s string) []string {
	tags := []string{}
	for tag := range strings.SplitSeq(s, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			tags = append(tags, tag)
		}
	}
	return tags
}

// quietTensorFlow keeps TensorFlow from telling what it does, unless the user
// has said what to tell. What it calls errors, and does not report as one, is
// nothing that a user could mend. It must come before the library is loaded.
func quietTensorFlow() {
	const level = "TF_CPP_MIN_LOG_LEVEL"
	if _, set := os.LookupEnv(level); !set {
		os.Setenv(level, "3") // only what ends the process
	}
}
