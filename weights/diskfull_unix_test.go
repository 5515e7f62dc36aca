//go:build unix

package weights

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/internal/filetest"
)

var fullDiskTasks = map[string]func(dir, out string) error{
	"SaveModel": func(dir, out string) error {
		_, err := SaveModel(context.Background(), out, dir, arrays{"b2": ramp(0, 4)})
		return err
	},
	"WriteNPZ": func(dir, out string) error {
		s, err := Open(dir, All())
		if err != nil {
			return err
		}
		defer s.Close()
		return WriteNPZ(context.Background(), out, s)
	},
	"WriteNPY": func(dir, out string) error { return WriteNPY(out, arrays{"w": ramp(0, 100_000)}) },
}

func init() {
	filetest.FullDiskWork(func(args []string) error { return fullDiskTasks[args[0]](args[1], args[2]) })
}

func TestFullDiskLeavesNothing(t *testing.T) {
	model := withMore(t, 3, 50_000)
	for name := range fullDiskTasks {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			said := filetest.OnFullDisk(t, name, model, filepath.Join(dir, "out"))
			if !strings.Contains(said, "weights: ") || strings.Contains(said, ".ndflow-") { // the temporary folder's name
				t.Errorf("have %s", said)
			}
			filetest.Only(t, dir)
		})
	}
}
