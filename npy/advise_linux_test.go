package npy

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// fileMemory returns how much of mapped files is in this process's memory, in
// bytes. The kernel counts those of a disk in memory apart.
func fileMemory(t *testing.T) int {
	t.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sum, found := 0, 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		for _, entry := range []string{"RssFile: %d kB", "RssShmem: %d kB"} {
			var kb int
			if n, _ := fmt.Sscanf(lines.Text(), entry, &kb); n == 1 {
				sum, found = sum+kb<<10, found+1
			}
		}
	}
	if found != 2 {
		t.Fatal("no RssFile and RssShmem")
	}
	return sum
}

func TestDropPagesKeepsElements(t *testing.T) {
	const rows, row = 1 << 12, 1 << 10 // of float32: 16 MiB
	path := filepath.Join(t.TempDir(), "a.npy")
	f, err := Create(path, Float32, rows, row)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Abort()
	v, _ := Values[float32](f.Array())
	for i := range v {
		v[i] = float32(i)
	}
	before := fileMemory(t)
	if err := f.Array().DropPages(); err != nil {
		t.Fatal(err)
	}
	if dropped := before - fileMemory(t); dropped < 15<<20 {
		t.Errorf("%d bytes dropped, want nearly all of 16 MiB", dropped)
	}
	for i := 0; i < len(v); i += 4099 {
		if v[i] != float32(i) {
			t.Fatalf("element %d is %v after the drop", i, v[i])
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	a, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	if err := a.AdviseSequential(); err != nil {
		t.Error(err)
	}
	for lo := 0; lo < rows; lo += rows / 8 {
		part, _ := a.Slice(lo, lo+rows/8)
		pv, _ := Values[float32](part)
		for i := 0; i < len(pv); i += row {
			if pv[i] != float32(lo*row+i) {
				t.Fatalf("element %d of the rows from %d is %v", i, lo, pv[i])
			}
		}
		if err := part.DropPages(); err != nil {
			t.Fatal(err)
		}
	}
	if pv, _ := Values[float32](a); pv[rows*row-1] != float32(rows*row-1) {
		t.Error("the last element is gone")
	}
}

// Memory that is not a file's must be left alone: its elements are nowhere else.
func TestDropPagesLeavesMemoryAlone(t *testing.T) {
	a, _ := New(Float32, 1<<16)
	outside, err := External(Float32, []int{1 << 16}, alignedBytes(4<<16), false, func() {})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*Array{a, outside} {
		v, _ := Values[float32](x)
		v[30000] = 7
		if err := x.DropPages(); err != nil {
			t.Error(err)
		}
		if err := x.AdviseSequential(); err != nil {
			t.Error(err)
		}
		if v[30000] != 7 {
			t.Error("an element of an array in memory is gone")
		}
	}
	outside.Release()
	if err := outside.DropPages(); err != nil {
		t.Error("memory that was released:", err)
	}
}
