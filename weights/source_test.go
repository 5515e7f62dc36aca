package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/filetest"
	"ndflow/npy"
)

func TestCheckpoints(t *testing.T) {
	prefix := fixture("checkpoint/ckpt-1")
	for _, path := range []string{prefix, fixture("checkpoint"), prefix + ".index", prefix + ".data-00001-of-00002"} {
		s := mustOpen(t, path)
		if have := fmt.Sprint(names(s.List()), s.List()); have != "[a list/0 list/1 save_counter words] [float32 [60 2] int64 [5] bfloat16 [] int64 [] string [3]]" {
			t.Errorf("%s: have %s", path, have)
		}
	}
	s := mustOpen(t, prefix)
	for name, file := range map[string]string{"a": "a", "list/0": "list_0", "list/1": "list_1_bits"} {
		a, want := mustRead(t, s, name), must(npy.Open(fixture("checkpoint/expected/out_"+file+".npy")))
		if want = must(want.View(a.DType())); !same(a, want) {
			t.Errorf("%s: have %v, want %v", name, a, want)
		}
	}
	if a := mustRead(t, s, "words"); !same(a, must(npy.From([]string{"one", "", "two words"}))) {
		t.Errorf("have %v", a)
	}
	if a := mustRead(t, s, "a/.ATTRIBUTES/VARIABLE_VALUE"); a.Len() != 120 {
		t.Errorf("by its key: have %v", a)
	}
	var unknown *graph.NameError
	if _, err := s.Read("b"); !errors.As(err, &unknown) || len(unknown.Have) != 5 {
		t.Errorf("have %v", err)
	}
	// The slices of TensorFlow 1 are one tensor.
	v1 := mustOpen(t, fixture("partitioned_v1/variables/variables"))
	if a := mustRead(t, v1, "net/w"); fmt.Sprint(a.Shape()) != "[5 3]" {
		t.Errorf("have %v", a)
	}
}

func TestArrayFiles(t *testing.T) {
	dir := t.TempDir()
	x, words := ramp(0, 2, 3), must(npy.From([]string{"a", "bc"}))
	half := must(x.Narrow(npy.BFloat16))
	eight := must(x.Narrow(npy.Float8E4M3FN))
	npz := filepath.Join(dir, "all.npz")
	if err := WriteNPZ(t.Context(), npz, arrays{"x": x, "words": words, "layer/half": half, "eight": eight}); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, npz)
	if have := fmt.Sprint(names(s.List())); have != "[eight layer/half words x]" {
		t.Errorf("have %s", have)
	}
	for name, want := range map[string]*npy.Array{"x": x, "words": words, "layer/half": half} {
		if a := mustRead(t, s, name); !same(a, want) {
			t.Errorf("%s: have %v, want %v", name, a, want)
		}
	}
	if _, err := s.Read("eight"); !errors.Is(err, npy.ErrDType) {
		t.Errorf("8-bit floats without their dtype: %v", err)
	}
	if a, err := ReadAs(s, "eight", npy.Float8E4M3FN); err != nil || !same(a, eight) {
		t.Errorf("have %v, %v", a, err)
	}
	if _, err := ReadAs(s, "x", npy.Float64); !errors.Is(err, npy.ErrDType) {
		t.Errorf("another dtype: %v", err)
	}
	if _, err := ReadAs(arrays{"x": x}, "x", npy.Float64); !errors.Is(err, npy.ErrDType) {
		t.Errorf("another dtype of another source: %v", err)
	}
	part := Select(s, func(i Info) bool { return i.Name != "x" })
	if _, err := part.Read("x"); err == nil || len(part.List()) != 3 || !same(mustRead(t, part, "words"), words) {
		t.Errorf("selected: have %v, %v", part.List(), err)
	}
	if a, err := ReadAs(part, "eight", npy.Float8E4M3FN); err != nil || !same(a, eight) {
		t.Errorf("selected: have %v, %v", a, err)
	}

	one := filepath.Join(dir, "kernel.npy")
	if err := WriteNPY(one, arrays{"x": x}); err != nil {
		t.Fatal(err)
	}
	if a := mustRead(t, mustOpen(t, one), "kernel"); !same(a, x) {
		t.Errorf("have %v", a)
	}
	if err := WriteNPY(one, arrays{"x": x}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("have %v, want %v", err, fs.ErrExist)
	}
	if err := WriteNPZ(t.Context(), npz, arrays{"x": x}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("have %v, want %v", err, fs.ErrExist)
	}
	if err := WriteNPY(filepath.Join(dir, "two.npy"), arrays{"x": x, "y": x}); err == nil || !strings.Contains(err.Error(), "2 arrays") {
		t.Errorf("have %v", err)
	}
	if err := WriteNPZ(t.Context(), npz, arrays{"x": x}, Overwrite()); err != nil || len(mustOpen(t, npz).List()) != 1 {
		t.Errorf("have %v", err)
	}
	// Files are told by what is in them, where their names do not.
	plain := filepath.Join(dir, "plain")
	if err := os.Rename(npz, plain); err != nil {
		t.Fatal(err)
	}
	if a := mustRead(t, mustOpen(t, plain), "x"); !same(a, x) {
		t.Errorf("have %v", a)
	}
}

// inParts writes an array to files, cut at some rows.
func inParts(t testing.TB, path string, a *npy.Array, cuts ...int) {
	t.Helper()
	from := 0
	for i, to := range append(cuts, a.Dim(0)) {
		write(t, fmt.Sprintf("%s.part%d.npy", path, i), must(a.Slice(from, to)))
		from = to
	}
}

func TestParts(t *testing.T) {
	dir := t.TempDir()
	w, words := ramp(0, 40, 3), must(npy.From([]string{"a", "", "bc", "d"}))
	inParts(t, filepath.Join(dir, "w"), w, 3, 3, 7, 11, 12, 13, 14, 15, 16, 17, 30) // more than nine, and one without rows
	inParts(t, filepath.Join(dir, "words"), words, 1)
	write(t, filepath.Join(dir, "b.npy"), ramp(5, 2))
	for _, path := range []string{"w.npy", "w", "w.part0.npy", "w.part7.npy"} {
		s := mustOpen(t, filepath.Join(dir, path))
		if have := fmt.Sprint(names(s.List()), s.List()); have != "[w] [float32 [40 3]]" {
			t.Errorf("%s: have %s", path, have)
		}
		if a := mustRead(t, s, "w"); !same(a, w) {
			t.Errorf("%s: have %v", path, a)
		}
	}
	s := mustOpen(t, dir)
	if have := fmt.Sprint(names(s.List())); have != "[b w words]" {
		t.Errorf("have %s", have)
	}
	if !same(mustRead(t, s, "w"), w) || !same(mustRead(t, s, "words"), words) || !same(mustRead(t, s, "b"), ramp(5, 2)) {
		t.Error("the folder's arrays are others")
	}
	for name, c := range map[string]struct {
		change func() error
		want   string
	}{
		"a part is missing":  {func() error { return os.Remove(filepath.Join(dir, "w.part2.npy")) }, "part 2 of \"w\" is missing"},
		"a part has no rows": {func() error { return npy.WriteFile(filepath.Join(dir, "w.part2.npy"), npy.Scalar(float32(1))) }, "rows of shape [3]"},
		"a part is wider":    {func() error { return npy.WriteFile(filepath.Join(dir, "w.part2.npy"), ramp(0, 4, 5)) }, "have [4 5], want rows of shape [3]"},
		"a part is another": {func() error {
			return npy.WriteFile(filepath.Join(dir, "w.part2.npy"), must(npy.New(npy.Float64, 4, 3)))
		}, "have float64, want float32"},
		"a part is cut off":   {func() error { return os.Truncate(filepath.Join(dir, "w.part2.npy"), 140) }, "w.part2.npy"},
		"there is w.npy also": {func() error { return npy.WriteFile(filepath.Join(dir, "w.npy"), w) }, "which are meant"},
	} {
		t.Run(name, func(t *testing.T) {
			old, err := os.ReadFile(filepath.Join(dir, "w.part2.npy"))
			if err != nil {
				t.Fatal(err)
			}
			defer os.Remove(filepath.Join(dir, "w.npy"))
			defer os.WriteFile(filepath.Join(dir, "w.part2.npy"), old, 0o666)
			if err := c.change(); err != nil {
				t.Fatal(err)
			}
			s, err := Open(dir)
			if err == nil {
				_, err = s.Read("w")
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("have %v, want %q in it", err, c.want)
			}
		})
	}
}

// TestPartsOnDevices: the parts of a variable lie on several devices.
func TestPartsOnDevices(t *testing.T) {
	c, err := eager.New(eager.WithLogicalCPUs(3), eager.Async())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	want := must(npy.New(npy.Float32, 30, 4))
	var parts []Part
	for i := range 3 {
		x := ramp(100*i, 10, 4)
		on, err := c.TensorOn(fmt.Sprintf("CPU:%d", i), x)
		if err != nil {
			t.Fatal(err)
		}
		defer on.Close()
		// What is still being computed there.
		twice, err := c.Op("AddV2").Input(on, on).Device(fmt.Sprintf("CPU:%d", i)).Output()
		if err != nil {
			t.Fatal(err)
		}
		defer twice.Close()
		p, err := TensorPart(twice)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name != fmt.Sprintf("tensor on CPU:%d", i) {
			t.Errorf("have %q", p.Name)
		}
		parts = append(parts, p)
		rows := must(npy.Values[float32](must(want.Slice(10*i, 10*i+10))))
		for j, v := range must(npy.Values[float32](x)) {
			rows[j] = 2 * v
		}
	}
	if a, err := Join(parts...); err != nil || !same(a, want) {
		t.Errorf("have %v (%v), want %v", a, err, want)
	}
	dst := must(npy.New(npy.Float32, 30, 4))
	if err := JoinInto(dst, parts...); err != nil || !same(dst, want) {
		t.Errorf("have %v (%v), want %v", dst, err, want)
	}
	for name, err := range map[string]error{
		"nil":           JoinInto(nil, parts...),
		"dtype":         JoinInto(must(npy.New(npy.Int32, 30, 4)), parts...),
		"shape":         JoinInto(must(npy.New(npy.Float32, 31, 4)), parts...),
		"no parts":      JoinInto(dst),
		"another dtype": JoinInto(dst, append(parts[:2:2], Part{Info: Info{DType: npy.Int8, Shape: []int{10, 4}}})...),
		"another shape": JoinInto(dst, append(parts[:2:2], Part{Info: Info{DType: npy.Float32, Shape: []int{10}}})...),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "weights: ") {
			t.Errorf("%s: have %v", name, err)
		}
	}
	bad := Part{Info: Info{Name: "bad", DType: npy.Float32, Shape: []int{10, 4}}, Land: func(*npy.Array) error { return fs.ErrClosed }}
	if err := JoinInto(dst, append(parts[:2:2], bad)...); !errors.Is(err, fs.ErrClosed) || !errors.Is(err, graph.ErrPartial) || !strings.Contains(err.Error(), "bad") {
		t.Errorf("have %v", err)
	}
}

func TestDamagedFiles(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	file := func(name, content string) {
		if err := os.WriteFile(in(name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := os.ReadFile(fixture("checkpoint/ckpt-1.index"))
	if err != nil {
		t.Fatal(err)
	}
	file("empty.npz", "")
	file("text.npz", "no archive")
	file("text.npy", "no array")
	file("text", "just a text")
	file("text.index", "no table")
	file("short.index", string(whole[:len(whole)/2]))
	file("alone.index", string(whole))
	file("checkpoint", "no state")
	if err := os.Mkdir(in("folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := npy.WriteFile(in("cut.npy"), ramp(0, 100)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(in("cut.npy"), 200); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, want string
		is         error
	}{
		{"none", "no such file", fs.ErrNotExist}, {"none.npz", "no such file", fs.ErrNotExist}, {"none.npy", "no such file", fs.ErrNotExist},
		{"text.npz", "not a valid zip", npy.ErrFormat}, {"empty.npz", "not a valid zip", npy.ErrFormat},
		{"text.npy", "text.npy", npy.ErrFormat}, {"cut.npy", "72 bytes of data, want 400", npy.ErrFormat},
		{"text.index", "no table", ErrDamaged}, {"short", "no table", ErrDamaged}, {"alone", "data file is missing", ErrDamaged},
		{"folder", "a SavedModel has a file saved_model.pb", ErrUnknown}, {".", "names no checkpoint", ErrDamaged},
	} {
		s, err := Open(in(c.path))
		if err == nil {
			s.Close()
			t.Errorf("%s was opened", c.path)
			continue
		}
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: have %v, want %q in it", c.path, err, c.want)
		}
	}
	if err := os.Remove(in("text.index")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(in("text")); !errors.Is(err, ErrUnknown) {
		t.Errorf("a text: have %v", err)
	}
	damaged := in("damaged.npz")
	if err := WriteNPZ(t.Context(), damaged, arrays{"x": ramp(0, 1000)}); err != nil {
		t.Fatal(err)
	}
	flip(t, damaged, 2000)
	if _, err := mustOpen(t, damaged).Read("x"); !errors.Is(err, npy.ErrFormat) {
		t.Errorf("an archive with another byte: %v", err)
	}
}

// flip changes a byte of a file.
func flip(t testing.TB, path string, at int64) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 0x10
	if err := os.WriteFile(path, b, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedCheckpoints: bytes that were changed are found where they are read, and files
// that are missing or cut off before.
func TestDamagedCheckpoints(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, prefix string)
		opens  bool
	}{
		"a byte of the index":     {func(t *testing.T, p string) { flip(t, p+".index", 100) }, false},
		"the index is cut off":    {func(t *testing.T, p string) { truncate(t, p+".index", 300) }, false},
		"a data file is missing":  {func(t *testing.T, p string) { os.Remove(p + ".data-00001-of-00002") }, false},
		"a data file is cut off":  {func(t *testing.T, p string) { truncate(t, p+".data-00000-of-00002", 399) }, false},
		"a data file is empty":    {func(t *testing.T, p string) { truncate(t, p+".data-00001-of-00002", 0) }, false},
		"a byte of the variables": {func(t *testing.T, p string) { flip(t, p+".data-00000-of-00002", 7) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			prefix := filepath.Join(copyOf(t, fixture("checkpoint")), "ckpt-1")
			c.change(t, prefix)
			s, err := Open(prefix)
			if (err == nil) != c.opens {
				t.Fatalf("have %v", err)
			}
			if err == nil {
				defer s.Close()
				_, err = s.Read("a")
				out := filepath.Join(t.TempDir(), "out.npz")
				if err := WriteNPZ(t.Context(), out, s); !errors.Is(err, ErrDamaged) {
					t.Errorf("have %v, want %v", err, ErrDamaged)
				}
				filetest.Only(t, filepath.Dir(out))
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "ckpt-1") {
				t.Errorf("have %v, want %v", err, ErrDamaged)
			}
		})
	}
}

func truncate(t testing.TB, path string, size int64) {
	t.Helper()
	if err := os.Truncate(path, size); err != nil {
		t.Fatal(err)
	}
}

func TestSplit(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("odd:name.npy", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("model", 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, "w.part0.npy", ramp(0, 2))
	for arg, want := range map[string][2]string{
		"model": {"model", ""}, "model:dense/kernel": {"model", "dense/kernel"}, "model:w:0": {"model", "w:0"},
		"odd:name.npy": {"odd:name.npy", ""}, "odd:name.npy:x": {"odd:name.npy", "x"}, "w.npy:w": {"w.npy", "w"},
		"none:a/b": {"none", "a/b"}, "none": {"none", ""}, "dir/none:a": {"dir/none", "a"}, ":x": {":x", ""},
	} {
		if path, name := Split(arg); path != want[0] || name != want[1] {
			t.Errorf("%s: have %q and %q, want %q", arg, path, name, want)
		}
	}
}

func TestInfo(t *testing.T) {
	for _, c := range []struct {
		info  Info
		bytes int64
		text  string
	}{
		{Info{DType: npy.Float32, Shape: []int{3, 4}}, 48, "float32 [3 4]"}, {Info{DType: npy.Float64, Shape: []int{}}, 8, "float64 []"},
		{Info{DType: npy.String, Shape: []int{3}}, 0, "string [3]"}, {Info{DType: npy.Int8, Shape: []int{-1, 3}}, 0, "int8 [-1 3]"},
		{Info{DType: npy.Int8}, 0, "int8 of any shape"}, {Info{DType: npy.Float32, Shape: []int{1 << 62, 4}}, 0, "float32 [4611686018427387904 4]"},
		{Info{DType: npy.Float32, Shape: []int{0}}, 0, "float32 [0]"},
	} {
		if c.info.Bytes() != c.bytes || c.info.String() != c.text {
			t.Errorf("have %d and %q, want %d and %q", c.info.Bytes(), c.info, c.bytes, c.text)
		}
	}
}
