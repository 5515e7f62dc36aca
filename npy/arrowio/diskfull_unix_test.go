//go:build unix

package arrowio

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"ndflow/npy"
	"ndflow/npy/table"
)

// A full disk is played by a limit on the size of files, in a process of its
// own: every write past it fails, as it does past the last free block.
const (
	childEnv  = "NDFLOW_ARROWIO_FULL_DISK"
	diskLimit = 64 << 10
)

func init() {
	inChild = func() (int, bool) {
		how, path, ok := strings.Cut(os.Getenv(childEnv), ":")
		if !ok {
			return 0, false
		}
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: diskLimit, Max: diskLimit}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			fmt.Println(err)
			return 3, true
		}
		err := fillDisk(how, path)
		fmt.Println(err)
		if errors.Is(err, syscall.EFBIG) {
			return 0, true
		}
		return 3, true
	}
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
				cmd := exec.Command(os.Args[0])
				cmd.Env = append(os.Environ(), childEnv+"="+how+":"+path)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("have %v: %s, want a file-too-large error", err, out)
				}
				wantOnly(t, dir, "target"+ext, "old")
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
