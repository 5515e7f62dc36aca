package main

import (
	"errors"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/checkup"
)

func newDoctor() *cobra.Command {
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check that everything is there to run models",
		Long: `Check that everything is there to run models: the TensorFlow library, where it was
looked for, whether it works, the devices, the processor; and say what is missing and
the command that mends it.

The exit code is 0 if models can be run, and 1 if not.`,
		GroupID: groupSetup,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON && quiet {
				return usage(cmd, errors.New("--json and --quiet do not go together"))
			}
			quietTensorFlow()
			r, w, err := checkup.Run(), cmd.OutOrStdout(), error(nil)
			switch {
			case asJSON:
				err = writeJSON(w, r)
			case quiet:
				err = r.WriteProblems(w)
			default:
				err = r.Write(w)
			}
			if err == nil && r.Fatal() {
				return errSaid
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print only what is missing")
	return cmd
}
