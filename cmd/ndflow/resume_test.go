package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"ndflow/internal/filetest"
	"ndflow/npy"
)

// slowRun is a run of some seconds, in batches of one row.
func slowRun(t *testing.T, dir string) (args []string) {
	t.Helper()
	randomRows(t, dir+"/x.npy", rows(100_000), 16)
	return []string{"run", fixture("mlp"), "--in", "x.npy", "--out", "y.npy", "--batch", "1", "--workers", "2"}
}

// rows is n, or half of it in a short test, which the race detector slows down.
func rows(n int) int {
	if testing.Short() {
		return n / 2
	}
	return n
}

// running is the command while it runs.
type running struct {
	*exec.Cmd
	over chan error // has what Wait returns
}

func begin(t *testing.T, cmd *exec.Cmd) running {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := running{cmd, make(chan error, 1)}
	go func() { r.over <- cmd.Wait() }()
	return r
}

// until waits for a condition, and reports whether it came before the command ended.
func (r running) until(cond func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-r.over:
			r.over <- err
			return false
		case <-tick.C:
			if cond() {
				return true
			}
		}
	}
}

const journal = "y.npy.partial.json"

// done returns how many rows are on the disk by the journal in a folder, and the
// journal itself.
func done(dir string) (rows int, text string) {
	raw, _ := os.ReadFile(dir + "/" + journal)
	for line := range strings.Lines(string(raw)) {
		var l struct{ Done *int }
		if json.Unmarshal([]byte(line), &l) == nil && l.Done != nil {
			rows = *l.Done
		}
	}
	return rows, string(raw)
}

// kill starts the command and kills it by SIGKILL: some rows, and then a while, after
// its journal says that it has begun, since what it has staged before that nobody can
// know of. It reports whether the command was through before.
func kill(t *testing.T, cmd *exec.Cmd, rows int, after time.Duration) (through bool) {
	t.Helper()
	from, before := done(cmd.Dir)
	r := begin(t, cmd)
	if r.until(func() bool {
		have, text := done(cmd.Dir)
		return text != "" && text != before && have >= from+rows
	}) {
		select {
		case err := <-r.over:
			return err == nil
		case <-time.After(after):
		}
		r.Process.Kill()
	}
	return <-r.over == nil
}

// A run that is killed, again and again, is gone on with, and the result is that
// of one that was left alone.
func TestResumeAfterKill(t *testing.T) {
	dir := t.TempDir()
	args := slowRun(t, dir)
	checkSuccess(t, process(t, dir, args...))
	want, err := os.ReadFile(dir + "/y.npy")
	if err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	if err := os.WriteFile(dir+"/y.npy", []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	gone := 0
	for k := 0; ; k++ {
		if k == 20 {
			t.Fatal("it never comes to an end")
		}
		cmd := command(t, dir, append(args, "--resume")...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		through := kill(t, cmd, random.IntN(rows(50_000)), time.Duration(random.IntN(300))*time.Millisecond)
		if strings.Contains(stderr.String(), "going on from row") {
			gone++
		}
		have, err := os.ReadFile(dir + "/y.npy")
		if err != nil {
			t.Fatal(err)
		}
		if !through && string(have) == "old" {
			continue
		}
		if !bytes.Equal(have, want) { // also where the kill came when all was done
			t.Error("the result differs from that of a run that was not killed")
		}
		if !through {
			checkSuccess(t, process(t, dir, append(args, "--resume")...))
		}
		break
	}
	filetest.Only(t, dir, "x.npy", "y.npy")
	t.Logf("gone on with %d times", gone)
}

// someDone starts the command and returns when some of its rows are on the disk.
func someDone(t *testing.T, cmd *exec.Cmd) running {
	t.Helper()
	r := begin(t, cmd)
	if !r.until(func() bool { rows, _ := done(cmd.Dir); return rows > 0 }) {
		t.Fatal("the run was through, or failed, before it said that something is done")
	}
	return r
}

// halfway runs the command until some of its rows are on the disk, and kills it.
func halfway(t *testing.T, dir string, args []string) {
	t.Helper()
	r := someDone(t, command(t, dir, args...))
	r.Process.Kill()
	if <-r.over == nil {
		t.Fatal("the run was through")
	}
}

// Rows that were left out before the kill are in the record at the end, once.
func TestResumeWithSkippedRows(t *testing.T) {
	dir := t.TempDir()
	n := rows(100_000)
	values := make([]float32, n)
	for i := range values {
		if values[i] = float32(i % 100); i%(n/20) == 100 {
			values[i] = -1
		}
	}
	save(t, dir+"/x.npy", values)
	args := []string{"run", fixture("assert"), "--in", "x.npy", "--out", "y.npy", "--batch", "1", "--workers", "2", "--on-error", "skip"}
	if r := process(t, dir, args...); r.code != 0 {
		t.Fatalf("have %+v", r)
	}
	result := func() (y, record []byte) {
		y, err := os.ReadFile(dir + "/y.npy")
		if err != nil {
			t.Fatal(err)
		}
		if record, err = os.ReadFile(dir + "/y.npy.skipped.jsonl"); err != nil {
			t.Fatal(err)
		}
		os.Remove(dir + "/y.npy")
		os.Remove(dir + "/y.npy.skipped.jsonl")
		return y, record
	}
	y, record := result()
	halfway(t, dir, args)
	if r := process(t, dir, append(args, "--resume")...); r.code != 0 || !strings.Contains(r.stderr, "going on from row") || !strings.Contains(r.stderr, fmt.Sprintf("20 rows of %d failed", n)) {
		t.Errorf("have %+v", r)
	}
	y2, record2 := result()
	if !bytes.Equal(y, y2) {
		t.Error("the result differs from that of a run that was not killed")
	}
	if !bytes.Equal(record, record2) {
		t.Errorf("the record is\n%s\nwant\n%s", record2, record)
	}
}

func TestResumeRefuses(t *testing.T) {
	dir := t.TempDir()
	args := slowRun(t, dir)
	halfway(t, dir, args) // without --resume, which does not matter
	resume := append(args, "--resume")
	other := func(what, with string) []string {
		list := append([]string{}, resume...)
		for i := range list {
			if list[i] == what {
				list[i] = with
			}
		}
		return list
	}
	fails(t, dir, other("1", "2"), "cannot go on", "begun with --batch 1")
	begun, another := "inline", "pool"
	if journal, _ := os.ReadFile(dir + "/y.npy.partial.json"); !strings.Contains(string(journal), `"executor":"inline"`) {
		begun, another = another, begun // the calibration has chosen it
	}
	fails(t, dir, append(resume, "--executor", another), "cannot go on", "begun with --executor "+begun)
	fails(t, dir, other(fixture("mlp"), copyOf(t, "mlp")), "cannot go on", "the model is another one")
	fails(t, dir, append(other("x.npy", "y=y"), "--out", "y.npy"), "y")
	now := time.Now()
	old, err := os.Stat(dir + "/x.npy")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(dir+"/x.npy", now, now); err != nil {
		t.Fatal(err)
	}
	fails(t, dir, resume, "cannot go on", "the inputs are others, or have changed", "without --resume")
	if err := os.Chtimes(dir+"/x.npy", now, old.ModTime()); err != nil {
		t.Fatal(err)
	}

	// A torn last line, as a machine that stops can leave it.
	f, err := os.OpenFile(dir+"/"+journal, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"done":99999`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	r := inside(t, dir, resume...)
	if r.code != 0 || !strings.Contains(r.stderr, "going on from row") {
		t.Errorf("have exit code %d and %q", r.code, r.stderr)
	}
	filetest.Only(t, dir, "x.npy", "y.npy")

	fails(t, dir, append(args[:4:4], "--out", "y.npz", "--batch", "1", "--resume"), "--resume needs every output in a .npy file")
}

// Without --resume the job begins anew, and says so.
func TestLeftoverWithoutResume(t *testing.T) {
	dir := t.TempDir()
	args := slowRun(t, dir)
	halfway(t, dir, args)
	args[len(args)-3] = "4096"
	r := inside(t, dir, args...)
	if r.code != 0 || !strings.Contains(r.stderr, "without --resume they are done again") {
		t.Errorf("have exit code %d and %q", r.code, r.stderr)
	}
	filetest.Only(t, dir, "x.npy", "y.npy")
}

func TestTwoRunsOfOneOutput(t *testing.T) {
	dir := t.TempDir()
	args := slowRun(t, dir)
	r := begin(t, command(t, dir, args...))
	if !r.until(func() bool { _, err := os.Stat(dir + "/y.npy.partial"); return err == nil }) {
		t.Fatal("the run ended before the other began")
	}
	r.Process.Signal(syscall.SIGSTOP) // however long the other takes
	fails(t, dir, args, "another process writes these files")
	r.Process.Signal(syscall.SIGCONT)
	if err := <-r.over; err != nil {
		t.Error(err)
	}
	filetest.Only(t, dir, "x.npy", "y.npy")
}

// An interrupt with --resume keeps what is done.
func TestInterruptKeeps(t *testing.T) {
	dir := t.TempDir()
	args := append(slowRun(t, dir), "--resume")
	cmd := command(t, dir, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	interrupted := someDone(t, cmd)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-interrupted.over
	if s := stderr.String(); cmd.ProcessState.ExitCode() != exitFailure || !strings.Contains(s, "rows are kept") || !strings.HasSuffix(s, "ndflow: interrupted\n") {
		t.Errorf("have exit code %d and %q", cmd.ProcessState.ExitCode(), s)
	}
	filetest.Only(t, dir, "x.npy", "y.npy.partial", journal)
	if r := inside(t, dir, args...); r.code != 0 || !strings.Contains(r.stderr, "going on from row") {
		t.Errorf("have exit code %d and %q", r.code, r.stderr)
	}
	filetest.Only(t, dir, "x.npy", "y.npy")
}

// Batches that fail are left out, if that is wanted, and recorded.
func TestSkipErrors(t *testing.T) {
	dir := t.TempDir()
	save(t, dir+"/x.npy", []float32{1, 4, -9, 16, 25, 36, 49, -64})
	args := []string{"run", fixture("assert"), "--in", "x.npy", "--batch", "2", "--on-error", "skip"}
	r := inside(t, dir, append(args, "--out", "y.npy")...)
	if r.code != 0 || r.stderr != "ndflow: 4 rows of 8 failed and are zero; they are recorded in y.npy.skipped.jsonl\n" {
		t.Errorf("have exit code %d and %q", r.code, r.stderr)
	}
	want := []float32{1, 2, 0, 0, 5, 6, 0, 0}
	if have, _ := npy.Values[float32](load(t, dir+"/y.npy")); !equalFloats(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
	record, err := os.ReadFile(dir + "/y.npy.skipped.jsonl")
	lines := strings.Split(strings.TrimSuffix(string(record), "\n"), "\n")
	if err != nil || len(lines) != 2 || !strings.HasPrefix(lines[0], `{"lo":2,"hi":4,"error":"`) || !strings.HasPrefix(lines[1], `{"lo":6,"hi":8,`) ||
		!strings.Contains(lines[0], "x is negative") {
		t.Errorf("have the record %q, %v", record, err)
	}

	// The record goes with the failures.
	save(t, dir+"/x.npy", []float32{1, 4})
	ok(t, dir, append(args, "--out", "y.npy")...)
	filetest.Only(t, dir, "x.npy", "y.npy")

	save(t, dir+"/x.npy", []float32{-1, -4})
	fails(t, dir, append(args[:4:4], "--batch", "1", "--out", "y.npy"), "row 0: ", "x is negative")
	filetest.Only(t, dir, "x.npy", "y.npy")
}

func equalFloats(a, b []float32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
