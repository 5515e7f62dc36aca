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
	"ndflow/cmd/ndflow/internal/outfile"
	"ndflow/cmd/ndflow/internal/progress"
	"ndflow/cmd/ndflow/internal/terminal"
	"ndflow/weights"
)

// weightsFlags are the flags of "ndflow weights".
type weightsFlags struct {
	out    string
	config string
	match  string
	load   string
	tags   string
	list   bool
	all    bool
	force  bool

	pattern  *regexp.Regexp
	tagSet   []string // nil where none is given
	progress io.Writer
}

func newWeights() *cobra.Command {
	var f weightsFlags
	cmd := &cobra.Command{
		Use:   "weights MODEL|CHECKPOINT|FILE",
		Short: "List, take out and put back a model's weights",
		Long: `Take the variables out of a model, or put others in.

What they can be taken from: a SavedModel (a folder); a checkpoint, by its prefix
("train/ckpt-7") or the folder whose file "checkpoint" names it; .npz and .npy files; an
array in parts, w.part0.npy, w.part1.npy and so on. MODEL:VARIABLE is one variable of it.

With no flags, or --list, a table says what is in each variable. With -o they are written to
a .npz file, or one of them to a .npy file. One is read at a time, so that a checkpoint takes
the memory of its largest variable.

The variables of a SavedModel are those that its signatures use, under the names that the
model has for them; with --all also the rest that was saved, such as an optimizer's. Those of
a checkpoint have the checkpoint's own names.

With --load, -o names the folder of a new SavedModel: a copy of MODEL with the arrays of the
file (or checkpoint, or other model) in the place of the variables of the same names. Dtypes
and shapes are checked first, and MODEL itself is never touched.`,
		Example: `  ndflow weights model
  ndflow weights model -o weights.npz --config config.json
  ndflow weights train/ckpt-7 --match 'kernel$' -o kernels.npz
  ndflow weights model:dense/kernel -o kernel.npy
  ndflow weights model --load weights.npz -o new-model`,
		GroupID: groupWork,
		Args:    exactly("MODEL, CHECKPOINT or FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd); err != nil {
				return usage(cmd, err)
			}
			quietTensorFlow()
			return f.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&f.list, "list", "l", false, "print a table of the variables and what is in them")
	flags.StringVarP(&f.out, "out", "o", "", "write the variables to this `FILE`, .npz or .npy; with --load, the new model's folder")
	flags.StringVar(&f.config, "config", "", "write signatures, dtypes, shapes and origin to this JSON `FILE`")
	flags.StringVarP(&f.match, "match", "m", "", "only variables whose names this regular `expression` matches")
	flags.BoolVar(&f.all, "all", false, "of a SavedModel, also what its signatures do not use")
	flags.StringVar(&f.load, "load", "", "write a new model with the arrays of this `FILE`")
	flags.BoolVar(&f.force, "force", false, "replace what is there already")
	flags.StringVar(&f.tags, "tags", "", "the `tags` of the model's MetaGraph, with commas (default serve, or the only one)")
	flags.SortFlags = false
	return cmd
}

// check reads the flags. Its errors are usage errors.
func (f *weightsFlags) check(cmd *cobra.Command) error {
	if cmd.Flags().Changed("tags") {
		f.tagSet = parseTags(f.tags)
	}
	var err error
	if f.pattern, err = regexp.Compile(f.match); err != nil {
		return fmt.Errorf("--match: %w", err)
	}
	if f.load != "" {
		switch {
		case f.out == "":
			return errors.New("--load needs -o with the new model's folder")
		case f.list || f.config != "" || f.all:
			return errors.New("--load goes with -o, --match, --tags and --force only")
		}
	} else if ext := filepath.Ext(f.out); f.out != "" && ext != ".npz" && ext != ".npy" {
		return fmt.Errorf("-o %s: want a .npz file, or a .npy file for one variable", f.out)
	}
	f.list = f.list || f.out == "" && f.config == ""
	f.progress = terminal.Only(cmd.ErrOrStderr())
	return nil
}

func (f *weightsFlags) run(ctx context.Context, stdout, stderr io.Writer, arg string) error {
	for _, path := range []string{f.config, f.out} {
		if err := f.mayWrite(path); err != nil {
			return err
		}
	}
	if f.load != "" {
		return f.putBack(ctx, stderr, arg)
	}
	path, name := weights.Split(arg)
	s, err := f.open(path, name, f.all)
	if err != nil {
		return err
	}
	defer s.Close()
	if f.list {
		if err := listWeights(ctx, stdout, s); err != nil {
			return err
		}
	}
	if f.config != "" {
		c, err := weights.Describe(path, s, f.options()...)
		if err != nil {
			return err
		}
		if err := outfile.Write(f.config, func(w io.Writer) error { return writeJSON(w, c) }); err != nil {
			return err
		}
	}
	if f.out == "" {
		return nil
	}
	return f.takeOut(ctx, s)
}

// options are those that hold for all that is read of a model.
func (f *weightsFlags) options() []weights.Option {
	if f.tagSet == nil {
		return nil
	}
	return []weights.Option{weights.WithTags(f.tagSet...)}
}

// open opens what is at path, or what of it the flags and the name choose.
func (f *weightsFlags) open(path, name string, all bool) (weights.Source, error) {
	opts := f.options()
	if all {
		opts = append(opts, weights.All())
	}
	s, err := weights.Open(path, opts...)
	if err != nil {
		return nil, err
	}
	if name != "" {
		s = weights.Select(s, func(i weights.Info) bool { return i.Name == name })
	}
	matched := weights.Select(s, func(i weights.Info) bool { return f.pattern.MatchString(i.Name) })
	if len(matched.List()) > 0 || f.match == "" && name == "" {
		return matched, nil
	}
	defer s.Close()
	if name != "" && len(s.List()) == 0 {
		return nil, fmt.Errorf("%s has no variable %q; \"ndflow weights %s\" lists those that there are", path, name, path)
	}
	return nil, fmt.Errorf("--match %s: no variable of %s has such a name; \"ndflow weights %s\" lists those that there are", f.match, path, path)
}

// mayWrite says no where a file is there already, or cannot be.
func (f *weightsFlags) mayWrite(path string) error {
	if path == "" {
		return nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !f.force && (info.Mode().IsRegular() || info.IsDir()):
		return fmt.Errorf("%s is there already: --force replaces it", path)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case f.load != "" || err == nil && !info.Mode().IsRegular():
		return nil // what a folder or a device takes is seen later
	}
	return outfile.Check(path)
}

// takeOut writes the variables to a file.
func (f *weightsFlags) takeOut(ctx context.Context, s weights.Source) error {
	if filepath.Ext(f.out) == ".npy" {
		if n := len(s.List()); n != 1 {
			return fmt.Errorf("%s is for one variable, and there are %d: choose one by MODEL:VARIABLE or --match, or write a .npz file", f.out, n)
		}
		return weights.WriteNPY(f.out, s, weights.Overwrite())
	}
	bar := progress.Parts(f.progress)
	defer bar.Stop()
	return weights.WriteNPZ(ctx, f.out, s, weights.Overwrite(), showOn(bar, "writing"))
}

func showOn(bar *progress.Bar, doing string) weights.Option {
	return weights.Progress(func(done, total int64) { bar.SetPart(float64(done)/float64(max(total, 1)), doing) })
}

// putBack writes a model with other weights.
func (f *weightsFlags) putBack(ctx context.Context, stderr io.Writer, model string) error {
	s, err := f.open(f.load, "", true)
	if err != nil {
		return err
	}
	defer s.Close()
	bar := progress.Parts(f.progress)
	opts := append(f.options(), showOn(bar, "saving"))
	if f.force {
		opts = append(opts, weights.Overwrite())
	}
	kept, err := weights.SaveModel(ctx, f.out, model, s, opts...)
	bar.Stop()
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		const most = 5
		text := strings.Join(kept[:min(most, len(kept))], ", ")
		if len(kept) > most {
			text += ", ..."
		}
		fmt.Fprintf(stderr, "ndflow: %d of the variables are as they were, as %s has no arrays for them: %s\n", len(kept), f.load, text)
	}
	return nil
}
