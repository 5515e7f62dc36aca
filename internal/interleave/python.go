package interleave

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"

	"ndflow/internal/scripttest"
)

// Python starts a Python that has TensorFlow, one process for all of a benchmark's
// turns. The code prints "ready" when it is set up, and then answers each line that
// it reads, "WORK N", with "done" when it has done that work N times; prelude has a
// function for that. The returned function makes peers that do a work.
func Python(b *testing.B, code string, args ...string) func(name, work string) Peer {
	b.Helper()
	path, err := scripttest.TensorFlow.Path()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"-c", prelude + code}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	out := bufio.NewReader(pipe)
	answer := func(want string) {
		if line, err := out.ReadString('\n'); err != nil || line != want+"\n" {
			rest, _ := io.ReadAll(out)
			cmd.Wait()
			b.Fatalf("python said %q %s, %v, want %q; %s", line, rest, err, want, stderr.String())
		}
	}
	answer("ready")
	return func(name, work string) Peer {
		return Peer{Name: name, Run: func(n int) {
			if _, err := fmt.Fprintln(in, work, n); err != nil {
				b.Fatal(err)
			}
			answer("done")
		}}
	}
}

// prelude gives the code serve(works): a dict of functions, by the names of works.
const prelude = `
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np, tensorflow as tf

def serve(works):
    print("ready", flush=True)
    for line in sys.stdin:
        work, n = line.rsplit(" ", 1)
        f = works[work]
        for _ in range(int(n)):
            f()
        print("done", flush=True)
`
