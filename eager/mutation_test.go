package eager

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutation is a mistake that a test of landing on devices is there to find: instead of
// a line of the package, which must be there once, stands another.
type mutation struct{ name, file, line, with, test string }

var mutations = []mutation{
	{"memory is given back before the stream has passed", "ondevice.go",
		"whole, err := d.Wrap(address, p.DataType.DType(), p.Shape, p.Close)",
		"free := p.Close; if mutated(NAME) { p.Close(); free = nil }; whole, err := d.Wrap(address, p.DataType.DType(), p.Shape, free)",
		"TestMemoryIsKeptUntilTheStreamHasPassed"},
	{"a producer is not waited for", "ondevice.go",
		"for _, s := range producers {",
		"if mutated(NAME) { producers = producers[:0] }; for _, s := range producers {",
		"TestProducersAreWaitedFor"},
	{"the device is not waited for", "ondevice.go",
		"_ = l.device.Synchronize()",
		"if !mutated(NAME) { _ = l.device.Synchronize() }",
		"TestMemoryIsKeptUntilTheDeviceIsDone"},
	{"lent memory is written to", "into.go",
		"busy = tfc.InUseAt(b.Pointer(), b.Size())",
		"busy = tfc.InUseAt(b.Pointer(), b.Size()) && !mutated(NAME)",
		"TestNothingLandsInLentMemory"},
	{"TensorFlow copies to the host", "ondevice.go",
		"return t.ctx.gpus.has(device), err",
		"return t.ctx.gpus.has(device) && !mutated(NAME), err",
		"TestIntoFromGPU"},
	{"the stream's work is not waited for", "into.go",
		"if err := s.Synchronize(context.Background()); err != nil {",
		"if mutated(NAME) {} else if err := s.Synchronize(context.Background()); err != nil {",
		"TestIntoFromCPU"},
}

const mutatedSource = `package eager

import "os"

func mutated(name string) bool { return os.Getenv("NDFLOW_EAGER_MUTATION") == name }
`

// Tests on the fake driver are worth something if they find what they are for.
func TestMutationsAreFound(t *testing.T) {
	if testing.Short() || len(os.Getenv("NDFLOW_EAGER_MUTATION")) > 0 {
		return // it compiles the package anew
	}
	binary := buildMutated(t)
	run := func(name, tests string) (string, error) {
		cmd := exec.Command(binary, "-test.run", "^("+tests+")$", "-test.timeout", "5m")
		cmd.Env = append(os.Environ(), "NDFLOW_EAGER_MUTATION="+name)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var tests []string
	for _, m := range mutations {
		tests = append(tests, m.test)
		if out, err := run(m.name, m.test); err == nil {
			t.Errorf("%s: %s does not find it\n%s", m.name, m.test, out)
		}
	}
	if out, err := run("none", strings.Join(tests, "|")); err != nil {
		t.Errorf("with no mistake: %v\n%s", err, out)
	}
}

// buildMutated makes a test binary of the package that can make all the mistakes.
func buildMutated(t *testing.T) string {
	t.Helper()
	files := map[string]string{"mutated.go": mutatedSource}
	for _, m := range mutations {
		text, ok := files[m.file]
		if !ok {
			source, err := os.ReadFile(m.file)
			must(t, err)
			text = string(source)
		}
		if n := strings.Count(text, m.line); n != 1 {
			t.Fatalf("%s has %d lines %q, want one", m.file, n, m.line)
		}
		files[m.file] = strings.Replace(text, m.line, strings.ReplaceAll(m.with, "NAME", `"`+m.name+`"`), 1)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for name, text := range files {
		original, err := filepath.Abs(name)
		must(t, err)
		replace[original] = filepath.Join(dir, name)
		must(t, os.WriteFile(replace[original], []byte(text), 0o666))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o666))
	binary := filepath.Join(dir, "mutated.test")
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return binary
}
