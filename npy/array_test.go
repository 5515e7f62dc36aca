package npy

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// eachDType calls f with every valid dtype.
func eachDType(f func(DType)) {
	for d := Bool; d < numDTypes; d++ {
		f(d)
	}
}

func TestDTypesHaveNamesThatParse(t *testing.T) {
	eachDType(func(d DType) {
		if got, err := ParseDType(d.String()); got != d || err != nil || !d.Valid() {
			t.Errorf("%v: parsed as %v, %v", d, got, err)
		}
	})
	for _, name := range []string{"", "invalid", "float", "Float32", "DType(200)"} {
		if d, err := ParseDType(name); err == nil {
			t.Errorf("%q parsed as %v", name, d)
		}
	}
	for _, d := range []DType{Invalid, numDTypes, 255} {
		if d.Valid() || d.Size() != 0 || d.String() == "" {
			t.Errorf("%v: valid %v, size %d", d, d.Valid(), d.Size())
		}
	}
}

// typeSize pairs a Go type with its dtype.
func typeSize[T Element]() (DType, int) {
	var v T
	return TypeOf[T](), int(unsafe.Sizeof(v))
}

func TestElementTypesHaveTheirDTypesSize(t *testing.T) {
	seen := map[DType]bool{String: true}
	for _, f := range []func() (DType, int){
		typeSize[bool], typeSize[int8], typeSize[int16], typeSize[int32], typeSize[int64],
		typeSize[uint8], typeSize[uint16], typeSize[uint32], typeSize[uint64], typeSize[F16],
		typeSize[BF16], typeSize[float32], typeSize[float64], typeSize[complex64], typeSize[complex128],
		typeSize[F8E4M3FN], typeSize[F8E5M2], typeSize[I4], typeSize[U4],
		typeSize[F8E4M3FNUZ], typeSize[F8E4M3B11FNUZ], typeSize[F8E5M2FNUZ], typeSize[F4E2M1FN], typeSize[I2], typeSize[U2],
	} {
		d, size := f()
		if seen[d] || d.Size() != size {
			t.Errorf("%v: have %d bytes, the dtype says %d", d, size, d.Size())
		}
		seen[d] = true
	}
	if TypeOf[string]() != String || len(seen) != int(numDTypes)-1 {
		t.Errorf("have %d dtypes with a Go type, want %d", len(seen), numDTypes-1)
	}
}

func TestNewIsZeroAndAligned(t *testing.T) {
	eachDType(func(d DType) {
		for _, shape := range [][]int{{}, {0}, {1}, {7, 3}, {4, 0, 2}} {
			a, err := New(d, shape...)
			if err != nil {
				t.Fatal(err)
			}
			n := 1
			for _, dim := range shape {
				n *= dim
			}
			if a.Len() != n || a.NDim() != len(shape) || !slices.Equal(a.Shape(), shape) || len(a.Bytes()) != n*d.Size() {
				t.Errorf("%v %v: have %d elements, %d bytes, %v", d, shape, a.Len(), len(a.Bytes()), a.Shape())
			}
			if b := a.Bytes(); len(b) > 0 && uintptr(unsafe.Pointer(&b[0]))%Align != 0 {
				t.Errorf("%v %v: not aligned", d, shape)
			}
			if slices.ContainsFunc(a.Bytes(), func(b byte) bool { return b != 0 }) {
				t.Errorf("%v %v: not zero", d, shape)
			}
		}
	})
}

func TestShapesThatDoNotFitAreErrors(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape []int
	}{
		{"negative", []int{-1}},
		{"negative behind a zero", []int{0, -1}},
		{"elements wrap", []int{math.MaxInt, 3}},
		{"elements wrap to zero", []int{1 << 32, 1 << 32}},
		{"elements wrap behind a zero", []int{0, 1 << 32, 1 << 32}},
		{"bytes wrap", []int{math.MaxInt}},
	} {
		if _, err := New(Float64, c.shape...); !errors.Is(err, ErrShape) {
			t.Errorf("%s: have %v, want ErrShape", c.name, err)
		}
		if _, err := New(String, c.shape...); !errors.Is(err, ErrShape) {
			t.Errorf("%s of strings: have %v, want ErrShape", c.name, err)
		}
		if _, err := From([]float32{1}, c.shape...); !errors.Is(err, ErrShape) {
			t.Errorf("%s, From: have %v, want ErrShape", c.name, err)
		}
		if _, err := External(Float64, c.shape, nil, false, nil); !errors.Is(err, ErrShape) {
			t.Errorf("%s, External: have %v, want ErrShape", c.name, err)
		}
	}
	for _, d := range []DType{Invalid, numDTypes} {
		if _, err := New(d, 1); !errors.Is(err, ErrDType) {
			t.Errorf("%v: have %v, want ErrDType", d, err)
		}
	}
}

func TestFromSharesTheSlice(t *testing.T) {
	s := []float32{1, 2, 3, 4, 5, 6}
	a := must(From(s, 2, 3))
	s[4] = 50
	v := must(Values[float32](a))
	v[0] = 10
	if s[0] != 10 || v[4] != 50 {
		t.Errorf("have %v and %v, want the same memory", s, v)
	}
	if _, err := From(s, 5); !errors.Is(err, ErrShape) {
		t.Errorf("6 values for 5: have %v, want ErrShape", err)
	}
	if a := must(From(s)); !slices.Equal(a.Shape(), []int{6}) {
		t.Errorf("no shape: have %v", a.Shape())
	}
	if a := must(From([]float32(nil))); a.Len() != 0 || a.String() != "[]" {
		t.Errorf("nil slice: have %v", a)
	}
	if a := must(From([]string{"x"}, []int{}...)); a.NDim() != 0 {
		t.Errorf("an empty shape: have %v, want 0-d", a.Shape())
	}
}

func TestValuesWantsTheRightType(t *testing.T) {
	a := must(New(Float32, 2))
	if _, err := Values[int32](a); !errors.Is(err, ErrDType) {
		t.Errorf("have %v, want ErrDType", err)
	}
	if _, err := Values[int32](nil); err == nil {
		t.Error("nil array: no error")
	}
	if s := must(Values[string](Scalar("x"))); !slices.Equal(s, []string{"x"}) {
		t.Errorf("have %q", s)
	}
}

// TestViewsAreThePartOfTheArrayThatTheySay slices and reshapes at random, and
// compares with the same done to a list of indices.
func TestViewsAreThePartOfTheArrayThatTheySay(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		shape := make([]int, 1+r.IntN(3))
		n := 1
		for i := range shape {
			shape[i] = r.IntN(5)
			n *= shape[i]
		}
		want := make([]int64, n)
		texts := make([]string, n)
		for i := range want {
			want[i], texts[i] = int64(i), fmt.Sprint(i)
		}
		a, s := must(From(want, shape...)), must(From(texts, shape...))
		for range 4 {
			lo := r.IntN(a.Dim(0) + 1)
			hi := lo + r.IntN(a.Dim(0)-lo+1)
			row := 1
			for _, d := range a.Shape()[1:] {
				row *= d
			}
			want = want[lo*row : hi*row]
			a, s = must(a.Slice(lo, hi)), must(s.Slice(lo, hi))
			if r.IntN(2) == 0 {
				a, s = must(a.Reshape(a.Len(), 1)), must(s.Reshape(s.Len(), 1))
			}
			have := must(Values[int64](a))
			if !slices.Equal(have, want) || a.Len() != len(want) || s.Len() != len(want) {
				t.Fatalf("have %v, want %v", have, want)
			}
			if len(want) > 0 && (&have[0] != &want[0] || must(Values[string](s))[0] != fmt.Sprint(want[0])) {
				t.Fatal("a view does not share memory")
			}
		}
	}
}

func TestViewErrors(t *testing.T) {
	a := must(New(Int32, 4, 3))
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"slice past the end", errOf(a.Slice(0, 5)), ErrRange},
		{"slice before the start", errOf(a.Slice(-1, 2)), ErrRange},
		{"slice backwards", errOf(a.Slice(3, 2)), ErrRange},
		{"slice of 0-d", errOf(Scalar(int8(1)).Slice(0, 1)), ErrRange},
		{"reshape to another size", errOf(a.Reshape(5)), ErrShape},
		{"reshape that does not divide", errOf(a.Reshape(-1, 5)), ErrShape},
		{"reshape with two unknowns", errOf(a.Reshape(-1, -1)), ErrShape},
		{"reshape with an unknown beside zero", errOf(a.Reshape(-1, 0)), ErrShape},
		{"reshape negative", errOf(a.Reshape(-2, 6)), ErrShape},
		{"view of another size", errOf(a.View(Int64)), ErrDType},
		{"view as strings", errOf(a.View(String)), ErrDType},
		{"view of strings", errOf(Scalar("x").View(Int8)), ErrDType},
		{"view as bool", errOf(must(New(Uint8, 1)).View(Bool)), ErrDType},
		{"view as nothing", errOf(a.View(Invalid)), ErrDType},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: have %v, want %v", c.name, c.err, c.want)
		}
	}
	if b := must(a.Reshape(2, -1)); !slices.Equal(b.Shape(), []int{2, 6}) {
		t.Errorf("have %v", b.Shape())
	}
	if b := must(must(From([]uint16{0x3c00})).View(Float16)); b.String() != "[1.]" {
		t.Errorf("view of bits as float16: have %v", b)
	}
}

func errOf[T any](_ T, err error) error { return err }

func TestCloneIsIndependent(t *testing.T) {
	eachDType(func(d DType) {
		a := must(New(d, 3))
		c := must(a.Clone())
		if !equal(a, c) {
			t.Errorf("%v: have %v, want %v", d, c, a)
		}
		if d == String {
			must(Values[string](c))[0] = "x"
		} else {
			c.Bytes()[0] = 1
		}
		if equal(a, c) {
			t.Errorf("%v: the clone shares memory", d)
		}
	})
}

func TestCloneIsAlignedAndExact(t *testing.T) {
	for _, n := range []int{0, 1, 63, 8191, 8192, 8193, 100_000, 1 << 20} {
		a := must(New(Float32, n+1))
		for i, v := range must(Values[float32](a)) {
			must(Values[float32](a))[i] = v + float32(i)
		}
		a = must(a.Slice(1, n+1)) // misaligned itself
		c := must(a.Clone())
		if !equal(a, c) {
			t.Errorf("%d elements: the clone is another", n)
		}
		if b := c.Bytes(); n > 0 && uintptr(unsafe.Pointer(&b[0]))%Align != 0 || cap(b) != len(b) {
			t.Errorf("%d elements: the clone is at %p with room for %d bytes, want it aligned to %d with %d", n, b, cap(b), Align, len(b))
		}
	}
}

func TestExternalMemoryIsFreedOnceAndNotWhileHeld(t *testing.T) {
	freed := 0
	a := must(External(Int16, []int{2}, make([]byte, 4), false, func() { freed++ }))
	view := must(a.Slice(0, 1))
	if err := view.Hold(); err != nil {
		t.Fatal(err)
	}
	a.Release()
	if freed != 0 {
		t.Error("freed while held")
	}
	if _, err := Values[int16](view); !errors.Is(err, ErrReleased) {
		t.Errorf("a view after Release: have %v, want ErrReleased", err)
	}
	for name, err := range map[string]error{
		"Hold": a.Hold(), "Clone": errOf(a.Clone()), "AsFloat32": errOf(must(a.View(Float16)).AsFloat32()), "Write": Write(nil, a),
	} {
		if !errors.Is(err, ErrReleased) {
			t.Errorf("%s after Release: have %v, want ErrReleased", name, err)
		}
	}
	view.Unhold()
	a.Release()
	view.Release()
	if freed != 1 {
		t.Errorf("freed %d times", freed)
	}
	if _, err := External(Int16, []int{2}, make([]byte, 3), false, nil); !errors.Is(err, ErrShape) {
		t.Errorf("3 bytes for 4: have %v, want ErrShape", err)
	}
	if _, err := External(String, []int{0}, nil, false, nil); !errors.Is(err, ErrDType) {
		t.Errorf("strings: have %v, want ErrDType", err)
	}
}

func TestStringLayouts(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		layout StringLayout
		descr  string // "" where it is an ErrDType
	}{
		{"text", []string{"a", "bcd"}, AutoStrings, "<U3"},
		{"text that is not ASCII", []string{"日本", ""}, AutoStrings, "<U2"},
		{"nothing", nil, AutoStrings, "<U1"},
		{"bytes", []string{"a", "\xff\xfe"}, AutoStrings, "|S2"},
		{"a NUL inside", []string{"a\x00b"}, AutoStrings, "<U3"},
		{"a NUL at the end", []string{"a\x00"}, AutoStrings, "|O"},
		{"bytes with a NUL at the end", []string{"\xff\x00"}, AutoStrings, "|O"},
		{"text as bytes", []string{"é"}, FixedBytes, "|S2"},
		{"text as objects", []string{"é"}, Objects, "|O"},
		{"bytes as text", []string{"\xff"}, Unicode, ""},
		{"a NUL at the end as text", []string{"a\x00"}, Unicode, ""},
		{"a NUL at the end as bytes", []string{"a\x00"}, FixedBytes, ""},
		{"no such layout", []string{"a"}, 99, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := must(From(c.values))
			var b bytes.Buffer
			err := Write(&b, a, Strings(c.layout))
			if c.descr == "" {
				if !errors.Is(err, ErrDType) || b.Len() > 0 {
					t.Fatalf("have %v and %d bytes, want ErrDType", err, b.Len())
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			h := must(ReadHeader(bytes.NewReader(b.Bytes())))
			back, err := Read(bytes.NewReader(b.Bytes()))
			if h.Descr != c.descr || err != nil || !equal(a, back) {
				t.Errorf("have %s and %v, %v, want %s and %v", h.Descr, back, err, c.descr, a)
			}
		})
	}
}
