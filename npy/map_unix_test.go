//go:build unix

package npy

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"unsafe"
)

func TestMapAndParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte{1, 0, 2, 0, 3, 0, 4, 0, 5}, 0o666); err != nil {
		t.Fatal(err)
	}
	whole, err := Map(path)
	if err != nil || whole.String() != "[1 0 2 0 3 0 4 0 5]" || !whole.ReadOnly() {
		t.Fatalf("have %v, %v", whole, err)
	}
	a := must(whole.Part(Uint16, []int{2, 1}, 2))
	b := must(whole.Part(Uint16, []int{4}, 0))
	if a.String() != "[[2]\n [3]]" || !a.ReadOnly() || unsafe.SliceData(a.Bytes()) != &whole.Bytes()[2] {
		t.Errorf("have %v, read-only %v", a, a.ReadOnly())
	}
	if err := a.DropPages(); err != nil {
		t.Error(err)
	}
	a.Release()
	whole.Release()
	if a.Bytes() != nil || whole.Bytes() != nil || b.String() != "[1 2 3 4]" {
		t.Errorf("have %v after the others were released", b)
	}
	if _, err := whole.Part(Uint8, []int{1}, 0); !errors.Is(err, ErrReleased) {
		t.Errorf("a part of what was released: have %v", err)
	}
	b.Release()
}

func TestPartsOfMemory(t *testing.T) {
	freed := 0
	whole := must(External(Uint8, []int{16}, make([]byte, 16), false, func() { freed++ }))
	part := must(whole.Part(Float64, nil, 8))
	part.Release()
	part.Release()
	if freed != 0 || part.ReadOnly() {
		t.Errorf("freed %d times, read-only %v", freed, part.ReadOnly())
	}
	if whole.Release(); freed != 1 {
		t.Errorf("freed %d times, want once", freed)
	}
	heap := must(New(Uint8, 16))
	must(Values[float64](must(heap.Part(Float64, []int{2}, 0))))[1] = 1
	if heap.Bytes()[15] != 0x3f {
		t.Errorf("have %v", heap)
	}
	for name, c := range map[string]struct {
		dtype  DType
		shape  []int
		offset int
		want   error
	}{
		"too long":     {Uint32, []int{5}, 0, ErrRange},
		"too far":      {Uint8, []int{1}, 16, ErrRange},
		"before":       {Uint8, []int{1}, -1, ErrRange},
		"misaligned":   {Uint32, []int{1}, 2, ErrRange},
		"bool":         {Bool, []int{1}, 0, ErrDType},
		"string":       {String, []int{1}, 0, ErrDType},
		"no dtype":     {Invalid, []int{1}, 0, ErrDType},
		"no such size": {Uint8, []int{-1}, 0, ErrShape},
	} {
		if a, err := heap.Part(c.dtype, c.shape, c.offset); !errors.Is(err, c.want) {
			t.Errorf("%s: have %v, %v", name, a, err)
		}
	}
	if a := must(heap.Part(Complex128, []int{0}, 16)); a.Len() != 0 {
		t.Errorf("have %v", a)
	}
}

func TestMapOfWhatCannotBeMapped(t *testing.T) {
	dir := t.TempDir()
	empty, pipe := filepath.Join(dir, "empty"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(empty, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if a := must(Map(empty)); a.Len() != 0 {
		t.Errorf("have %v", a)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- os.WriteFile(pipe, []byte{7, 8}, 0) }()
	if a, err := Map(pipe); err != nil || a.String() != "[7 8]" {
		t.Errorf("through a pipe: have %v, %v", a, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := Map(filepath.Join(dir, "missing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("have %v", err)
	}
	if _, err := Map(dir); err == nil {
		t.Error("a folder was mapped")
	}
}
