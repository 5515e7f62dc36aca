//go:build unix

package weights

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A full disk is played by a limit on the size of files, in a process of its own, as in
// package npy.
const childEnv = "NDFLOW_WEIGHTS_FULL_DISK"

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
	inChild = func() (int, bool) {
		args := strings.Split(os.Getenv(childEnv), "|")
		if len(args) != 3 {
			return 0, false
		}
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println(err)
			return 3, true
		}
		err := fullDiskTasks[args[0]](args[1], args[2])
		fmt.Println(err)
		if err == nil || strings.Contains(err.Error(), ".ndflow-") { // the temporary folder's name
			return 3, true
		}
		return 0, true
	}
}

func TestFullDiskLeavesNothing(t *testing.T) {
	model := withMore(t, 3, 50_000)
	for name := range fullDiskTasks {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+name+"|"+model+"|"+filepath.Join(dir, "out"))
			out, err := cmd.Output()
			if err != nil || !strings.Contains(string(out), "weights: ") || !strings.Contains(strings.ToLower(string(out)), "file too large") {
				t.Errorf("have %v: %s, want a file-too-large error", err, out)
			}
			wantOnly(t, dir)
		})
	}
}
