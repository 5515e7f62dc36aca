package dlpack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"ndflow/cuda"
	"ndflow/cuda/fakecuda"
	"ndflow/internal/leaktest"
	"ndflow/internal/scripttest"
	"ndflow/npy"
)

// TestMain opens the fake driver, or the machine's own: see the tests of package cuda.
func TestMain(m *testing.M) {
	if err := openDriver(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	leaktest.Main(m, cuda.CheckLeaks, func() error {
		if n := Out(); n != 0 {
			return fmt.Errorf("tensors that were lent are still out: %d", n)
		}
		return nil
	})
}

func openDriver() error {
	path := os.Getenv("NDFLOW_TEST_LIBCUDA")
	switch path {
	case "":
		var err error
		if path, err = fakecuda.Build(""); err != nil {
			return err
		}
	case "real":
		path = ""
	}
	_, err := cuda.Load(path)
	return err
}

// driver is the environment in which another process finds the driver of this one.
func driver(t *testing.T) []string {
	t.Helper()
	lib, err := cuda.Load("")
	must(t, err)
	return append(os.Environ(), cuda.EnvLibrary+"="+lib.Path())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func device(t testing.TB) *cuda.Device {
	t.Helper()
	d, err := cuda.Open(0)
	must(t, err)
	t.Cleanup(d.Close)
	return d
}

func iota32(t testing.TB, n int, shape ...int) *npy.Array {
	t.Helper()
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i)
	}
	a, err := npy.From(v, shape...)
	must(t, err)
	return a
}

// TestThere lends arrays and borrows them again, in both forms.
func TestThere(t *testing.T) {
	d := device(t)
	a := iota32(t, 12, 3, 4)
	host, err := d.NewHostBuffer(npy.Float32, 3, 4)
	must(t, err)
	defer host.Close()
	b, err := d.NewBuffer(npy.Float32, 3, 4)
	must(t, err)
	defer b.Close()
	must(t, cuda.Copy(b, a))
	must(t, cuda.Copy(host, a))
	rows, err := b.Slice(1, 3)
	must(t, err)
	defer rows.Close()
	some, err := a.Slice(1, 3)
	must(t, err)

	forms := []struct {
		name   string
		lend   func(cuda.Memory) (unsafe.Pointer, error)
		borrow func(unsafe.Pointer) (cuda.Memory, error)
	}{
		{"versioned", Lend, Borrow},
		{"unversioned", LendUnversioned, BorrowUnversioned},
	}
	for _, form := range forms {
		for _, c := range []struct {
			name string
			m    cuda.Memory
			want *npy.Array
		}{
			{"array", a, a}, {"rows of an array", some, some}, {"pinned", host, a}, {"buffer", b, a}, {"rows of a buffer", rows, some},
		} {
			t.Run(form.name+" "+c.name, func(t *testing.T) {
				p, err := form.lend(c.m)
				must(t, err)
				back, err := form.borrow(p)
				must(t, err)
				if back.DType() != npy.Float32 || !slices.Equal(back.Shape(), c.want.Shape()) {
					t.Errorf("have %v %v, want %v", back.DType(), back.Shape(), c.want.Shape())
				}
				if have, want := address(back), address(c.m); have != want {
					t.Errorf("it is at %#x, want %#x: memory is to be shared", have, want)
				}
				got, err := npy.New(npy.Float32, c.want.Shape()...)
				must(t, err)
				must(t, cuda.Copy(got, back))
				if !bytes.Equal(got.Bytes(), c.want.Bytes()) {
					t.Errorf("have %v, want %v", got, c.want)
				}
				if Out() != 1 {
					t.Errorf("%d tensors are out, want 1", Out())
				}
				drop(back)
				if Out() != 0 {
					t.Errorf("%d tensors are out after the array was dropped", Out())
				}
			})
		}
	}
}

func address(m cuda.Memory) uintptr {
	switch m := m.(type) {
	case *cuda.Buffer:
		return m.Pointer()
	case *cuda.HostBuffer:
		return uintptr(unsafe.Pointer(unsafe.SliceData(m.Bytes())))
	case *npy.Array:
		return uintptr(unsafe.Pointer(unsafe.SliceData(m.Bytes())))
	}
	return 0
}

func drop(m cuda.Memory) {
	switch m := m.(type) {
	case *cuda.Buffer:
		m.Close()
	case *npy.Array:
		m.Release()
	}
}

// TestLentIsKept closes what is lent: it lasts until it comes back.
func TestLentIsKept(t *testing.T) {
	d := device(t)
	a := iota32(t, 6, 6)
	b, err := d.NewBuffer(npy.Float32, 6)
	must(t, err)
	must(t, cuda.Copy(b, a))
	p, err := Lend(b)
	must(t, err)
	b.Close()
	back, err := Borrow(p)
	must(t, err)
	got, err := npy.New(npy.Float32, 6)
	must(t, err)
	must(t, cuda.Copy(got, back))
	if !bytes.Equal(got.Bytes(), a.Bytes()) {
		t.Errorf("have %v, want %v", got, a)
	}
	drop(back)

	if _, err := Lend(b); !errors.Is(err, cuda.ErrClosed) {
		t.Errorf("a closed buffer: %v", err)
	}
}

// TestDropped leaves what was borrowed to the garbage collector.
func TestDropped(t *testing.T) {
	func() {
		p, err := Lend(iota32(t, 4, 4))
		must(t, err)
		_, err = Borrow(p)
		must(t, err)
	}()
	for end := time.Now().Add(time.Minute); Out() > 0; {
		if time.Now().After(end) {
			t.Fatal("it was not given back")
		}
		runtime.GC()
		runtime.Gosched()
	}
}

func TestReturn(t *testing.T) {
	p, err := Lend(iota32(t, 4, 4))
	must(t, err)
	Return(p)
	p, err = LendUnversioned(iota32(t, 4, 4))
	must(t, err)
	ReturnUnversioned(p)
	if Out() != 0 {
		t.Errorf("%d tensors are out", Out())
	}
}

// TestDTypes lends each dtype there is.
func TestDTypes(t *testing.T) {
	n := 0
	for dtype := npy.Bool; ; dtype++ {
		a, err := npy.New(dtype, 2, 0, 3)
		if err != nil {
			break
		}
		if dtype == npy.String {
			if _, err := Lend(a); !errors.Is(err, npy.ErrDType) {
				t.Errorf("strings: %v", err)
			}
			continue
		}
		n++
		p, err := Lend(a)
		must(t, err)
		back, err := Borrow(p)
		must(t, err)
		if back.DType() != dtype || !slices.Equal(back.Shape(), a.Shape()) {
			t.Errorf("%v came back as %v %v", dtype, back.DType(), back.Shape())
		}
		drop(back)
	}
	if n != len(kinds) {
		t.Errorf("%d dtypes can be lent, there are %d", len(kinds), n)
	}
}

func TestReadOnly(t *testing.T) {
	a, err := npy.External(npy.Int8, []int{2}, []byte{1, 2}, true, nil)
	must(t, err)
	p, err := Lend(a)
	must(t, err)
	back, err := Borrow(p)
	must(t, err)
	if !back.ReadOnly() {
		t.Error("it can be written to")
	}
	drop(back)
	if _, err := LendUnversioned(a); !errors.Is(err, cuda.ErrReadOnly) {
		t.Errorf("unversioned: %v", err)
	}
	b, err := device(t).NewBuffer(npy.Int8, 2)
	must(t, err)
	defer b.Close()
	view, err := b.AsReadOnly()
	must(t, err)
	defer view.Close()
	p, err = Lend(view)
	must(t, err)
	back, err = Borrow(p)
	must(t, err)
	if !back.ReadOnly() {
		t.Error("the buffer can be written to")
	}
	drop(back)
}

func TestBadInput(t *testing.T) {
	var noArray *npy.Array
	var noBuffer *cuda.Buffer
	var noHost *cuda.HostBuffer
	released, err := npy.External(npy.Int8, []int{1}, []byte{1}, false, func() {})
	must(t, err)
	released.Release()
	for _, m := range []cuda.Memory{nil, noArray, noBuffer, noHost, released} {
		if _, err := Lend(m); err == nil || !strings.HasPrefix(err.Error(), "dlpack: lend: ") {
			t.Errorf("lending %T: %v", m, err)
		}
	}
	four, err := npy.New(npy.Int4, 3)
	must(t, err)
	if _, err := LendUnversioned(four); !errors.Is(err, npy.ErrDType) {
		t.Errorf("int4 with no version: %v", err)
	}
	for _, borrow := range []func(unsafe.Pointer) (cuda.Memory, error){Borrow, BorrowUnversioned} {
		if _, err := borrow(nil); err == nil {
			t.Error("borrowing nothing is no error")
		}
	}
	for name, want := range map[string]string{
		"version": "DLPack 2.0, want 1",
		"lanes":   "with 32 bits and 4 lanes",
		"code":    "type code 99",
		"packed":  "in packed form",
		"device":  "device type 7, want 1 (CPU)",
		"ordinal": "77",
		"strides": "strides [1 2] is not row-major",
		"shape":   "2 dimensions and no shape",
		"dims":    "65 dimensions",
		"huge":    "shape does not fit",
		"below":   "shape does not fit",
		"align":   "want one that 4 divides",
		"null":    "are at address 0x0",
		"foreign": "not of a device's memory",
	} {
		p := badTensor(t, name)
		_, err := Borrow(p)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
		if Out() != 1 {
			t.Errorf("%s: the tensor was taken", name)
		}
		Return(p)
	}
}

// TestNumPy exchanges arrays with NumPy in one process.
func TestNumPy(t *testing.T) {
	python, err := scripttest.NumPy.Path()
	must(t, err)
	library := filepath.Join(t.TempDir(), "libshared.so")
	run(t, "go", "build", "-buildmode=c-shared", "-o", library, "./testdata/shared")
	if out := run(t, python, filepath.Join("testdata", "exchange.py"), library); !strings.HasSuffix(out, "ok\n") {
		t.Errorf("have %q", out)
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = driver(t)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}
