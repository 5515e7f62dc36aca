package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ndflow/internal/filetest"
)

// TestOutputsUntouched runs what fails after the outputs have been begun: what
// was there stays, and nothing else is left.
func TestOutputsUntouched(t *testing.T) {
	for _, c := range []struct{ name, model, args string }{
		{"a step that fails", "assert", "--in bad.npy --out root=old.npy"},
		{"a later batch that fails", "assert", "--in bad.npy --out root=old.npy --batch 1"},
		{"one output of two is unknown", "add", "--in x=bad.npy --in y=bad.npy --out sum=old.npy --out nope=new.npy"},
		{"one folder of two is missing", "add", "--in x=bad.npy --in y=bad.npy --out sum=old.npy --out sum=nope/new.npy"},
		{"a batch without rows", "constant", "--in bad.npy --out twice=old.npy --out variable=new.npy --batch 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			save(t, dir+"/bad.npy", []float32{1, -1})
			if err := os.WriteFile(dir+"/old.npy", []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			checkFailure(t, inside(t, dir, append([]string{"run", fixture(c.model)}, strings.Fields(c.args)...)...), exitFailure)
			filetest.Only(t, dir, "bad.npy", "old.npy")
			if content, err := os.ReadFile(dir + "/old.npy"); err != nil || string(content) != "old" {
				t.Errorf("have %q, %v", content, err)
			}
		})
	}
}

// TestFullDisk gives the command a limit on the size of files, which meets it
// as a full disk does, without needing one.
func TestFullDisk(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, args, limit string }{
		{"one step", "-s rows --in x.npy --out old.npy", "8"},
		{"one step, shape known", "-s fixed --in 2.npy --out old.npy", "0"},
		{"batches", "-s rows --in x.npy --batch 100 --out old.npy", "8"},
		{"batches to an archive", "-s rows --in x.npy --batch 100 --out old.npz", "8"},
		{"the second of two files", "-s rows --in x.npy --batch 100 --out old.npz --out old.npy", "8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			randomRows(t, dir+"/x.npy", 5000, 3)
			randomRows(t, dir+"/2.npy", 2, 3)
			for _, name := range []string{"old.npy", "old.npz"} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			script := fmt.Sprintf("ulimit -f %s; exec '%s' run '%s' %s", c.limit, self, fixture("shapes"), c.args)
			cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), asCommand+"=1")
			checkFailure(t, finish(t, cmd), exitFailure, "write old.np", "file too large")
			filetest.Only(t, dir, "x.npy", "2.npy", "old.npy", "old.npz")
			for _, name := range []string{"old.npy", "old.npz"} {
				if content, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(content) != "old" {
					t.Errorf("%s: have %q, %v", name, content, err)
				}
			}
		})
	}
}

// TestOutputIsInput writes the result over the input, which is mapped then.
func TestOutputIsInput(t *testing.T) {
	for _, batch := range []string{"", "--batch=7"} {
		t.Run(batch, func(t *testing.T) {
			dir := t.TempDir()
			randomRows(t, dir+"/x.npy", 50, 3)
			args := []string{"run", fixture("shapes"), "-s", "rows", "--in", "x.npy"}
			if batch != "" {
				args = append(args, batch)
			}
			ok(t, dir, append(args, "--out", "y.npy")...)
			ok(t, dir, append(args, "--out", "./x.npy")...)
			same(t, "next", load(t, dir+"/x.npy"), load(t, dir+"/y.npy"))
			filetest.Only(t, dir, "x.npy", "y.npy")
		})
	}
}

// TestReplacedFile keeps what a file is besides its content.
func TestReplacedFile(t *testing.T) {
	dir := t.TempDir()
	randomRows(t, dir+"/x.npy", 5, 3)
	if err := os.WriteFile(dir+"/real.npy", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir+"/real.npy", 0o640); err != nil { // whatever the umask is
		t.Fatal(err)
	}
	if err := os.Symlink("real.npy", dir+"/link.npy"); err != nil {
		t.Fatal(err)
	}
	ok(t, dir, "run", fixture("shapes"), "-s", "rows", "--in", "x.npy", "--out", "link.npy")
	info, err := os.Lstat(dir + "/real.npy")
	if err != nil || info.Mode().Perm() != 0o640 || info.Size() == 0 {
		t.Errorf("have %v, %v, want the mode 0640 and some content", info.Mode(), err)
	}
	if target, err := os.Readlink(dir + "/link.npy"); err != nil || target != "real.npy" {
		t.Errorf("the link is gone: %q, %v", target, err)
	}
	if err := os.Mkdir(dir+"/folder.npy", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(dir+"/pipe.npy", 0o666); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"folder.npy", "pipe.npy"} {
		fails(t, dir, []string{"run", fixture("shapes"), "-s", "rows", "--in", "x.npy", "--out", out}, out, "no regular file")
	}
}

// TestInterrupt stops a run in the middle of a step.
func TestInterrupt(t *testing.T) {
	for name, sig := range map[string]os.Signal{"SIGINT": os.Interrupt, "SIGTERM": syscall.SIGTERM} {
		for _, executor := range []string{"inline", "pool"} {
			t.Run(name+" "+executor, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				save(t, dir+"/n.npy", []int32{100_000}, []int{}...)
				cmd := command(t, dir, "run", fixture("slow"), "-v", "--in", "n.npy", "--out", "count=c.npy", "--executor", executor)
				pipe, err := cmd.StderrPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				stderr := bufio.NewReader(pipe)
				for line := ""; !strings.HasPrefix(line, "loaded"); {
					if line, err = stderr.ReadString('\n'); err != nil {
						t.Fatal(err)
					}
				}
				if err := cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				rest, err := io.ReadAll(stderr)
				if err != nil {
					t.Fatal(err)
				}
				cmd.Wait()
				if code := cmd.ProcessState.ExitCode(); code != exitFailure || !bytes.Equal(rest, []byte("ndflow: interrupted\n")) {
					t.Errorf("have exit code %d and %q", code, rest)
				}
				filetest.Only(t, dir, "n.npy")
			})
		}
	}
}
