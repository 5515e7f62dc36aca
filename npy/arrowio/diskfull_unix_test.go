//go:build unix

package arrowio

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"ndflow/internal/filetest"
	"ndflow/npy"
	"ndflow/npy/table"
)

func init() {
	filetest.FullDiskWork(func(args []string) error { return fillDisk(args[0], args[1]) })
}

// fillDisk writes a table of 800 kB: in one batch, which fails, or in many small
// ones, which are still in a buffer when Commit fails.
func fillDisk(how, path string) error {
	x := must(npy.New(npy.Float64, 100_000))
	for i := range x.Bytes() {
		x.Bytes()[i] = byte(i*i) ^ byte(i>>7) // of which no codec makes 64 kB
	}
	rows := 100_000
	if how == "small" {
		rows = 1000
	}
	w, err := create(path, []table.Column{{Name: "x", DType: npy.Float64}})
	if err != nil {
		return err
	}
	defer w.Close()
	for lo := 0; lo < x.Len(); lo += rows {
		if err := w.Write([]*npy.Array{must(x.Slice(lo, lo+rows))}); err != nil {
			if again := w.Commit(); again == nil {
				return errors.New("Commit after a failed Write has no error")
			}
			return err
		}
	}
	return w.Commit()
}

func TestFullDiskLeavesTheOldFileAndNoOther(t *testing.T) {
	for _, ext := range formats {
		for _, how := range []string{"large", "small"} {
			t.Run(how+ext, func(t *testing.T) {
				dir := t.TempDir()
				path := filepath.Join(dir, "target"+ext)
				if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
					t.Fatal(err)
				}
				filetest.OnFullDisk(t, how, path)
				filetest.OnlyOne(t, dir, "target"+ext, "old")
			})
		}
	}
}

func TestDevicesAreWrittenDirectly(t *testing.T) {
	columns, batch := []table.Column{{Name: "x", DType: npy.Float64}}, []*npy.Array{must(npy.New(npy.Float64, 10))}
	for _, create := range []func(string, []table.Column, ...Option) (*Writer, error){CreateArrow, CreateParquet} {
		if _, err := os.Stat("/dev/full"); err == nil { // Linux has it
			w := must(create("/dev/full", columns))
			if err := errors.Join(w.Write(batch), w.Commit()); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("have %v, want ENOSPC", err)
			}
		}
		w := must(create("/dev/null", columns))
		if err := errors.Join(w.Write(batch), w.Commit()); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatal("/dev/null is no device any more")
	}
}
