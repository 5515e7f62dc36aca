package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/checkup"
	"ndflow/cmd/ndflow/internal/transcribe"
)

func newDemo() *cobra.Command {
	var model, out string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Play a tune, and let a model write down its notes",
		Long: `See it work on real input. The demo plays a short tune on plucked strings, lets a
published model (Basic Pitch) hear which notes are in the recording, and compares them
with the notes that were played. It writes the recording, the notes and a picture.

The model is fetched by scripts/basic-pitch, or by 'make demo', which does all.`,
		GroupID: groupWork,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, args []string) error {
			quietTensorFlow()
			dir, err := demoModel(model)
			if err != nil {
				return err
			}
			return transcribe.Run(cmd.Context(), transcribe.Options{Model: dir, Out: filepath.Clean(out), Print: cmd.OutOrStdout()})
		},
	}
	cmd.Flags().StringVar(&model, "model", "", "the `folder` of the model (default the one that scripts/basic-pitch fetched)")
	cmd.Flags().StringVar(&out, "out", filepath.Join("out", "demo"), "the `folder` to write to")
	return cmd
}

// demoModel returns the model's folder: the given one, or the one in the cache.
func demoModel(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	dir, err := checkup.DemoModelPath()
	if err != nil {
		return "", fmt.Errorf("the demo's model is not there; fetch it with scripts/basic-pitch, or run 'make demo' (%w)", err)
	}
	return dir, nil
}
