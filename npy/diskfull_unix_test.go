//go:build unix

package npy

import (
	"errors"
	"fmt"
	"io"
	"ndflow/internal/filetest"
	"ndflow/internal/tempfile"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

var fullDiskTasks = map[string]func(path string) error{
	"WriteFile": func(path string) error { return WriteFile(path, must(New(Float32, 100_000))) },
	"WriteFile of strings": func(path string) error {
		return WriteFile(path, must(From([]string{strings.Repeat("x", 1000), "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", "", ""})))
	},
	"WriteFile of objects": func(path string) error {
		return WriteFile(path, must(From([]string{strings.Repeat("x", 1_000_000)})), Strings(Objects))
	},
	"Create": func(path string) error {
		f, err := Create(path, Float32, 100_000)
		if err != nil {
			return err
		}
		defer f.Abort()
		s := must(Values[float32](f.Array()))
		for i := range s {
			s[i] = 1 // would be a SIGBUS if Create had not taken the space
		}
		return f.Close()
	},
	"reserve where there is no fallocate": func(path string) error {
		f, err := tempfile.Create(path, "", nil)
		if err != nil {
			return err
		}
		defer f.Discard()
		return writeZeros(f.File, 100_000)
	},
	"CreateRows": func(path string) error {
		w, err := CreateRows(path, Float32, []int{100})
		if err != nil {
			return err
		}
		for range 1000 {
			if err = w.Write(must(New(Float32, 1, 100))); err != nil {
				break
			}
		}
		if cerr := w.Close(); cerr != err {
			return fmt.Errorf("Write: %v, Close: %v", err, cerr)
		}
		return err
	},
	"CreateNPZ": func(path string) error {
		w, err := CreateNPZ(path)
		if err != nil {
			return err
		}
		werr := w.Write("a", must(New(Float32, 100_000)))
		err = w.Close()
		if err == nil || werr == nil {
			return nil
		}
		return err
	},
	"CreateNPZ, full when it is completed": func(path string) error {
		w, err := CreateNPZ(path)
		if err != nil {
			return err
		}
		for i := range 1000 { // the directory comes last
			if err := w.Write(fmt.Sprintf("array %d of an archive", i), must(New(Float32))); err != nil {
				break
			}
		}
		return w.Close()
	},
}

func init() {
	filetest.FullDiskWork(func(args []string) error { return fullDiskTasks[args[0]](args[1]) })
}

func TestFullDiskLeavesTheOldFileAndNoOther(t *testing.T) {
	for name := range fullDiskTasks {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "target")
			if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			filetest.OnFullDisk(t, name, path)
			filetest.OnlyOne(t, dir, "target", "old")
		})
	}
}

func TestDevicesAreWrittenDirectly(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err == nil { // Linux has it
		if err := WriteFile("/dev/full", must(New(Float32, 10))); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("WriteFile: have %v, want ENOSPC", err)
		}
		w := must(CreateNPZ("/dev/full"))
		w.Write("a", must(New(Float32, 100_000)))
		if err := w.Close(); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("CreateNPZ: have %v, want ENOSPC", err)
		}
	}
	if err := WriteFile("/dev/null", must(New(Float32, 10))); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat("/dev/null"); err != nil || info.Mode().IsRegular() {
		t.Fatal("/dev/null is no device any more")
	}
	if _, err := Create("/dev/null", Float32, 10); err == nil {
		t.Error("Create mapped a device")
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	a := must(From([]int16{1, 2, 3}))
	done := make(chan error, 1)
	go func() { done <- WriteFile(pipe, a) }()
	back, err := Open(pipe)
	if err != nil || !equal(a, back) {
		t.Errorf("through a pipe: have %v, %v", back, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWritersErrorsComeBack(t *testing.T) {
	boom := errors.New("boom")
	for _, a := range []*Array{must(New(Float32, 10)), must(From([]string{"a"})), must(From([]string{"a\x00"}))} {
		for n := range 2 {
			if err := Write(&failingWriter{n, boom}, a); !errors.Is(err, boom) {
				t.Errorf("%v, after %d writes: have %v", a.DType(), n, err)
			}
		}
	}
	if err := Write(io.Discard, nil); err == nil {
		t.Error("a nil array was written")
	}
}

type failingWriter struct {
	after int
	err   error
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, w.err
	}
	return len(b), nil
}
