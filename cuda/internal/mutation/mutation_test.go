package mutation

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// env names the mistake that is made in the child.
const env = "NDFLOW_CUDA_MUTATION"

// An edit replaces text of one of cuda's files. The text must be there exactly
// once, so that an edit does not go stale without notice.
type edit struct{ file, old, new string }

type mutation struct {
	name  string
	test  string // of package cuda, which must die
	says  string // what the fake driver says of it, a regular expression
	edits []edit
}

var mutations = []mutation{
	{
		"a copy's memory is let go before it is done", "TestDroppedIsGivenBack", "in use by",
		[]edit{{"queue.go", "\t\ts.push(e)\n", "\t\ts.push(e)\n\t\tif mutated(NAME) {\n\t\t\te.letGo()\n\t\t}\n"}},
	},
	{
		"a byte too many", "TestThereAndBack", "1 bytes past its end",
		[]edit{{"copy.go", "size: C.size_t(src.size)}", "size: C.size_t(src.size + oneIf(mutated(NAME)))}"}},
	},
	{
		"a stream that does not wait for the event", "TestStreamsWaitForEvents", "no event orders the two",
		[]edit{{"stream.go", "\tpassed, err := e.begin()\n", "\tif mutated(NAME) {\n\t\treturn nil\n\t}\n\tpassed, err := e.begin()\n"}},
	},
	{
		"an event before its copy", "TestThereAndBack", "in use by",
		[]edit{
			{"driver.c", "  r.tried = true;\n", "  r.tried = true;\n  if (mutated(NAME)) {\n    cuEventRecord(r.event, w.stream);\n  }\n"},
			{"driver.c", "r.recorded = !CALL(r.status, cuEventRecord,", "r.recorded = mutated(NAME) || !CALL(r.status, cuEventRecord,"},
		},
	},
	{
		"a wait that does not wait", "TestThereAndBack", "in use by|no event orders the two",
		[]edit{{"event.go", "\t\treturn C.ndc_event_synchronize(", "\t\tif mutated(NAME) {\n\t\t\treturn C.ndc_status{}\n\t\t}\n\t\treturn C.ndc_event_synchronize("}},
	},
	{
		"a copy that is not waited for", "TestThereAndBack", "in use by",
		[]edit{{"driver.c", "    r.done = !CALL(st, cuStreamSynchronize, w.stream);\n", "    if (mutated(NAME)) {\n      r.done = true;\n      st = ok;\n    } else {\n      r.done = !CALL(st, cuStreamSynchronize, w.stream);\n    }\n"}},
	},
	{
		"one event too many is taken for passed", "TestCloseWhileCopying", "in use by|goes while",
		[]edit{{"queue.go", "\t\tpassed.append(s.pop(e, nil))\n", "\t\tif mutated(NAME) && e.next != nil {\n\t\t\te = e.next\n\t\t}\n\t\tpassed.append(s.pop(e, nil))\n"}},
	},
	{
		"memory is freed twice", "TestWriteToSlice", "is no allocation",
		[]edit{{"buffer.go", "\t\t\tC.ndc_free(p.info.ctx, C.uintptr_t(addr)) //", "\t\t\tif mutated(NAME) {\n\t\t\t\tC.ndc_free(p.info.ctx, C.uintptr_t(addr))\n\t\t\t}\n\t\t\tC.ndc_free(p.info.ctx, C.uintptr_t(addr)) //"}},
	},
	{
		"pinned memory is freed twice", "TestHostToHost", "was not allocated by cuMemHostAlloc",
		[]edit{{"hostbuffer.go", "\t\tC.ndc_host_free(p.info.ctx, addr) //", "\t\tif mutated(NAME) {\n\t\t\tC.ndc_host_free(p.info.ctx, addr)\n\t\t}\n\t\tC.ndc_host_free(p.info.ctx, addr) //"}},
	},
	{
		"an array is unregistered while it is copied to", "TestUnregisterWaitsForCopies", "in use by",
		[]edit{{"hostbuffer.go", "\t\tdrainNow()\n", "\t\tif !mutated(NAME) {\n\t\t\tdrainNow()\n\t\t}\n"}},
	},
	{
		"a stream of another device", "TestBetweenDevices", "but the context of device",
		[]edit{{"queue.go", "\tw.ctx, w.stream = s.p.info.ctx, s.handle\n", "\tw.ctx, w.stream = s.p.info.ctx, s.handle\n\tif o := primaries.all[1]; mutated(NAME) && o != nil {\n\t\tw.ctx = o.info.ctx\n\t}\n"}},
	},
	{
		"memory of another device", "TestBetweenDevices", "is of device 1, not of device 0",
		[]edit{{"copy.go", "\tcase d.p != in.p && r.p != in.p:\n", "\tcase d.p != in.p && r.p != in.p && !mutated(NAME):\n"}},
	},
	{
		"two sides that overlap", "TestBadCopies", "overlap",
		[]edit{{"copy.go", "\tif overlap(*dst, *src) {\n", "\tif overlap(*dst, *src) && !mutated(NAME) {\n"}},
	},
	{
		"a context that stays current", "TestThereAndBack", "contexts are pushed on this thread",
		[]edit{{"driver.c", "  cuCtxPopCurrent_v2(&ctx);\n", "  if (!mutated(NAME)) {\n    cuCtxPopCurrent_v2(&ctx);\n  }\n"}},
	},
	{
		"a context that memory does not keep", "TestCloseWhileCopying", "was released|goes while",
		[]edit{
			{"memory.go", "\tp.ref()\n", "\tif !mutated(NAME) {\n\t\tp.ref()\n\t}\n"},
			{"memory.go", "\tm.p.unref()\n", "\tif !mutated(NAME) {\n\t\tm.p.unref()\n\t}\n"},
		},
	},
	{
		"a view that begins a byte too far", "TestViewsAsOfArrays", "1 bytes past its end",
		[]edit{{"view.go", "addr += uintptr(offset)\n", "addr += uintptr(offset + oneIf(mutated(NAME)))\n"}},
	},
	{
		"a handle that is used again while its event is queued", "TestCloseWhileCopying", "is not an event",
		[]edit{{"event.go", "e.handle == nil || e.queued ||", "e.handle == nil || e.queued && !mutated(NAME) ||"}},
	},
}

// What the edits call.
const (
	goHelper = `package cuda

import "os"

func mutated(name string) bool { return os.Getenv("` + env + `") == name }

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
`
	cHelper = `#include <stdlib.h>
#include <string.h>

static bool mutated(const char *name) {
  const char *have = getenv("` + env + `");
  return have != NULL && strcmp(have, name) == 0;
}

static const ndc_status ok = `
)

func TestMutations(t *testing.T) {
	binary := build(t)
	t.Run("none", func(t *testing.T) {
		var tests []string
		for _, m := range mutations {
			tests = append(tests, m.test)
		}
		if out, err := run(binary, "", strings.Join(tests, "|")); err != nil {
			t.Fatalf("with no mistake: %v\n%s", err, out)
		}
	})
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			out, err := run(binary, m.name, m.test)
			if err == nil {
				t.Fatalf("%s does not notice", m.test)
			}
			says := regexp.MustCompile(m.says)
			for line := range strings.Lines(out) {
				if strings.HasPrefix(line, "fakecuda: ") && says.MatchString(line) {
					t.Log(strings.TrimSpace(line))
					return
				}
			}
			t.Errorf("the fake driver does not say %q:\n%.3000s", m.says, out)
		})
	}
}

// run runs tests of cuda with a mistake turned on.
func run(binary, name, tests string) (string, error) {
	cmd := exec.Command(binary, "-test.run", "^("+tests+")$", "-test.timeout", "5m")
	cmd.Env = append(os.Environ(), env+"="+name, "NDFLOW_TEST_LIBCUDA=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// build makes a test binary of cuda that can make all the mistakes.
func build(t *testing.T) string {
	t.Helper()
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := map[string]string{"mutated.go": goHelper}
	edits := []edit{{"driver.c", "static const ndc_status ok = ", cHelper}}
	for _, m := range mutations {
		for _, e := range m.edits {
			e.new = strings.ReplaceAll(e.new, "NAME", `"`+m.name+`"`)
			edits = append(edits, e)
		}
	}
	for _, e := range edits {
		text, ok := files[e.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(source, e.file))
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("%s has %d times what is to be replaced, want it once:\n%s", e.file, n, e.old)
		}
		files[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(source, name)] = path
	}
	b, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, b, 0o666); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "cuda.test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", list, "-o", binary, "ndflow/cuda")
	cmd.Dir = source
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go test -c: %v\n%s", err, out)
	}
	return binary
}
