package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// The groups of commands in the help.
const (
	groupWork  = "work"
	groupSetup = "setup"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ndflow",
		Short: "Run TensorFlow models over .npy and .npz files",
		Long: `ndflow runs TensorFlow models in this process, with no Python and no server, and
lands their results in .npy and .npz files.`,
		Example: `  ndflow doctor                                        is everything there?
  ndflow demo                                          see it work on real input
  ndflow show MODEL                                    what goes in, what comes out
  ndflow run MODEL --in x=x.npy --out y=y.npy          run it once
  ndflow run MODEL --in x.npy --out y.npy --batch auto over a big file, batch by batch
  ndflow convert y.npy y.parquet                       hand the results on`,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
		Version:       versionLine(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return usage(cmd, err) })
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddGroup(
		&cobra.Group{ID: groupWork, Title: "Models and files:"},
		&cobra.Group{ID: groupSetup, Title: "Setting up:"},
	)
	root.SetHelpCommandGroupID(groupSetup)
	root.SetCompletionCommandGroupID(groupSetup)
	root.AddCommand(newRun(), newShow(), newPlot(), newDiff(), newWeights(), newQuantize(), newConvert(),
		newBench(), newBenchPeer(), newDoctor(), newDemo(), newVersion())
	return root
}

// usage makes err one that ends the program with exitUsage.
func usage(cmd *cobra.Command, err error) error {
	return &usageError{err: err, hint: fmt.Sprintf("Run '%s --help' for usage.", cmd.CommandPath())}
}

// noSuchCommand is what the root's arguments are: commands that it has not.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w; did you mean %q?", err, near[0])
	}
	return usage(cmd, err)
}

// exactly wants as many arguments as it is given names for.
func exactly(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usage(cmd, fmt.Errorf("%s is missing", names[len(args)]))
		case len(args) > len(names):
			return usage(cmd, fmt.Errorf("do not know what to do with %q", args[len(names)]))
		}
		return nil
	}
}

// atLeast wants one argument for each of its names, and lets the first be more.
func atLeast(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return usage(cmd, fmt.Errorf("%s is missing", names[len(args)]))
		}
		return nil
	}
}
