package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"ndflow/bench"
	"ndflow/internal/filetest"
)

// TestBench runs a scenario and then compares runs with it.
func TestBench(t *testing.T) {
	dir := t.TempDir()
	run := []string{"bench", "batching", "--quick", "--peers", "ndflow,floor", "--models", modelsDir}
	r := ok(t, dir, append(run, "--json", "old.json", "--md", "report.md", "--svg", "pictures")...)
	for _, word := range []string{"BATCHING: ", "Runner, calling thread", "CLAIMS", "verdict"} {
		if !strings.Contains(r.stdout, word) {
			t.Errorf("have stdout %q, want %q in it", r.stdout, word)
		}
	}
	filetest.Only(t, dir, "old.json", "report.md", "pictures")
	filetest.Only(t, filepath.Join(dir, "pictures"), "batching.svg")
	md, err := os.ReadFile(filepath.Join(dir, "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"`ndflow bench batching --quick --peers ndflow,floor`", "(pictures/batching.svg)"} {
		if !strings.Contains(string(md), word) {
			t.Errorf("%q is not in the document", word)
		}
	}

	for name, c := range map[string]struct {
		change func(*bench.Report)
		code   int
		stdout string
		stderr string
	}{
		"got worse":       {ratios(0.001), exitFailure, "worse: batching: one op, 1: Runner, calling thread: ", ""},
		"got better":      {ratios(1000), exitOK, "better: batching: one op, 1: Runner, calling thread: ", ""},
		"another machine": {func(r *bench.Report) { r.Machine.Cores++ }, exitFailure, "", "the baseline is of another machine: here cores"},
	} {
		t.Run(name, func(t *testing.T) {
			old := readReport(t, filepath.Join(dir, "old.json"))
			c.change(old)
			dir := t.TempDir()
			writeReport(t, filepath.Join(dir, "changed.json"), old)
			r := inside(t, dir, append(run, "--baseline", "changed.json")...)
			if r.code != c.code || !strings.Contains(r.stdout, c.stdout) || !strings.Contains(r.stderr, c.stderr) {
				t.Errorf("have exit code %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
			}
			if c.stderr != "" && r.stdout != "" {
				t.Errorf("have %q, want it refused before the run", r.stdout)
			}
		})
	}
}

// ratios makes all ratios to the floor so large.
func ratios(v float64) func(*bench.Report) {
	return func(r *bench.Report) {
		for _, c := range r.Scenarios[0].Cases {
			for _, p := range c.Peers {
				if p.ToFloor != nil {
					*p.ToFloor = bench.Ratio{Value: v, Low: v, High: v}
				}
			}
		}
	}
}

func readReport(t *testing.T, path string) *bench.Report {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := bench.ReadReport(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func writeReport(t *testing.T, path string, r *bench.Report) {
	t.Helper()
	raw, err := json.Marshal(r)
	if err == nil {
		err = os.WriteFile(path, raw, 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestBenchPeer lets the benchmark's own server be a peer, which says that it has
// no such work; the run does not suffer from it.
func TestBenchPeer(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := inside(t, t.TempDir(), "bench", "batching", "--quick", "--models", modelsDir,
		"--peer", "again="+asCommand+"=1 '"+self+"' bench-peer", "--peers", "again,ndflow")
	if r.code != exitFailure || !strings.Contains(r.stdout, `failed: again: bench: again: no work "step"`) {
		t.Errorf("have exit code %d, stdout %q, stderr %q", r.code, r.stdout, r.stderr)
	}
}

// TestBenchBad gives what cannot be done; all of it is found before the run.
func TestBenchBad(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		code  int
		words []string
	}{
		{[]string{"nonsense"}, exitUsage, []string{`no scenario "nonsense"`, "batching"}},
		{[]string{"--peers", "cobol"}, exitUsage, []string{"--peers cobol: want some of ndflow, floor, memcpy, python, external"}},
		{[]string{"--peer", "command"}, exitUsage, []string{`--peer: peer "command": want NAME=COMMAND`}},
		{[]string{"--peer", "a,b=command"}, exitUsage, []string{`"a,b"`}},
		{[]string{"--rounds", "2"}, exitUsage, []string{"--rounds 2: want at least 3"}},
		{[]string{"--json", "no/such/folder.json"}, exitFailure, []string{"write no/such/folder.json: no such file"}},
		{[]string{"--md", "."}, exitFailure, []string{"write .: it is a folder"}},
		{[]string{"--svg", "text"}, exitFailure, []string{"text: not a directory"}},
		{nil, exitFailure, []string{"run it there, or name the folder with --models"}},
		{[]string{"--models", "."}, exitFailure, []string{"the models are not in .: want testdata/models"}},
		{[]string{"--baseline", "none.json"}, exitFailure, []string{"none.json: no such file"}},
		{[]string{"--baseline", "text"}, exitFailure, []string{"text: not a report: invalid character"}},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			r := inside(t, dir, append([]string{"bench", "--quick"}, c.args...)...)
			checkFailure(t, r, c.code, c.words...)
			if r.stdout != "" {
				t.Errorf("have stdout %q, want nothing to be run", r.stdout)
			}
		})
	}
	filetest.Only(t, dir, "text")
}

// TestBenchInterrupt stops a run that would take minutes, once it is on its way, and
// looks for what it has kept.
func TestBenchInterrupt(t *testing.T) {
	dir := t.TempDir()
	cmd := command(t, dir, "bench", "batching", "--quick", "--rounds", "2000", "--peers", "ndflow,floor", "--models", modelsDir, "--json", "kept.json")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	signalled := false
	some := regexp.MustCompile(`batching +1[1-9]%`) // which is in the rounds
	screen := watched(t, cmd, func(screen string) {
		if !signalled && some.MatchString(screen) {
			signalled = true
			cmd.Process.Signal(syscall.SIGINT)
		}
	})
	if cmd.ProcessState.ExitCode() != exitFailure || !strings.HasSuffix(screen, " \rndflow: interrupted\r\n") {
		t.Errorf("have exit code %d and %q on the terminal", cmd.ProcessState.ExitCode(), screen)
	}
	r := readReport(t, filepath.Join(dir, "kept.json"))
	p := r.Scenarios[0].Timed("one op, 1", "Runner, calling thread")
	if !r.Interrupted || p == nil || len(p.Times) < bench.LeastRounds || len(p.Times) >= 2000 {
		t.Errorf("have interrupted %v, %+v, want some of its rounds", r.Interrupted, p)
	}
	if out := stdout.String(); !strings.Contains(out, "WARNING: the run was interrupted") || !strings.Contains(out, "Runner, calling thread") {
		t.Errorf("have %q", out)
	}
}
