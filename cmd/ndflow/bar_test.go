package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestProgressBar looks for the bar where a terminal is, and for nothing where
// none is.
func TestProgressBar(t *testing.T) {
	dir := t.TempDir()
	randomRows(t, dir+"/x.npy", 500, 16)
	args := []string{"run", fixture("mlp"), "--in", "x.npy", "--out", "y.npy", "--batch", "1"}

	if r := checkSuccess(t, process(t, dir, args...)); r.stdout != "" {
		t.Errorf("have %q in a pipe", r.stdout)
	}

	t.Run("terminal", func(t *testing.T) {
		screen := onTerminal(t, dir, args)
		if !strings.Contains(screen, "/500") || !strings.Contains(screen, "rows") {
			t.Errorf("have %q on a terminal, want a bar", screen)
		}
		if !strings.HasSuffix(screen, " \r") || strings.Contains(screen, "\n") {
			t.Errorf("have %q on a terminal, want the line cleared at the end", screen)
		}
	})
	t.Run("terminal, one step", func(t *testing.T) {
		if screen := onTerminal(t, dir, args[:len(args)-2]); screen != "" {
			t.Errorf("have %q on a terminal, want nothing", screen)
		}
	})
	t.Run("terminal, failure", func(t *testing.T) {
		save(t, dir+"/bad.npy", []float32{1, 1, 1, -1})
		screen := onTerminal(t, dir, []string{"run", fixture("assert"), "--in", "bad.npy", "--batch", "1"})
		if !strings.Contains(screen, " \rndflow: row 3: ") {
			t.Errorf("have %q on a terminal, want the error on a cleared line", screen)
		}
	})
}

// onTerminal runs the command with its stderr on a pseudo-terminal, and returns
// what it wrote there.
func onTerminal(t *testing.T, dir string, args []string) string {
	t.Helper()
	return watched(t, command(t, dir, args...), func(string) {})
}

// watched runs a command with its stderr on a pseudo-terminal and shows what is on it,
// all so far, whenever there is more.
func watched(t *testing.T, cmd *exec.Cmd, show func(screen string)) string {
	t.Helper()
	return screened(t, cmd, &cmd.Stderr, show)
}

// screened is watched for any output of the command.
func screened(t *testing.T, cmd *exec.Cmd, output *io.Writer, show func(screen string)) string {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	*output = slave
	err = cmd.Start()
	slave.Close()
	if err != nil {
		t.Fatal(err)
	}
	var screen []byte
	for part := make([]byte, 4096); ; { // until EIO, when the command has ended
		n, err := master.Read(part)
		if err != nil {
			break
		}
		screen = append(screen, part[:n]...)
		show(string(screen))
	}
	cmd.Wait()
	return string(screen)
}
