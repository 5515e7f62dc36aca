package npy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestHeaderTellsOfDTypesThatAreNotRead(t *testing.T) {
	for _, c := range []struct {
		descr string // as it stands in the file
		want  string // as Header has it
		size  int64
	}{
		{"'<M8[ns]'", "<M8[ns]", -1},
		{"[('a', '<i4'), ('b', '|S3')]", "[('a', '<i4'), ('b', '|S3')]", -1},
		{"('<i4', (2,))", "('<i4', (2,))", -1},
		{"'|V5'", "|V5", 30},
		{"'<f16'", "<f16", -1},
	} {
		file := npyFile(1, dictOf(c.descr, "False", "(2, 3)"), make([]byte, 100))
		h, err := ReadHeader(bytes.NewReader(file))
		if err != nil {
			t.Errorf("%s: %v", c.descr, err)
			continue
		}
		if h.DType != Invalid || h.Descr != c.want || h.Len() != 6 || h.Size != c.size || h.Offset != int64(len(file)-100) {
			t.Errorf("%s: have %+v", c.descr, h)
		}
		if _, err := Read(bytes.NewReader(file)); !errors.Is(err, ErrDType) {
			t.Errorf("%s: Read: have %v, want ErrDType", c.descr, err)
		}
	}
}

func TestStatFindsAFileThatIsTooShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := WriteFile(path, must(New(Float64, 10, 10))); err != nil {
		t.Fatal(err)
	}
	h, err := Stat(path)
	if err != nil || h.DType != Float64 || h.Size != 800 || h.Offset != 128 || fmt.Sprint(h.Shape) != "[10 10]" {
		t.Errorf("have %+v, %v", h, err)
	}
	if err := os.Truncate(path, 128+799); err != nil {
		t.Fatal(err)
	}
	_, err = Stat(path)
	want := "npy: " + path + ": not a valid file: have 799 bytes of data, want 800 for <f8 [10 10]: unexpected EOF"
	if !errors.Is(err, io.ErrUnexpectedEOF) || err.Error() != want {
		t.Errorf("have %q, want %q", err, want)
	}
	if _, err := Stat(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: have %v", err)
	}
}

// TestOpenReadsWhatIsNotAligned opens a file as NumPy before 1.14 wrote it: its
// data begins at a multiple of 16.
func TestOpenReadsWhatIsNotAligned(t *testing.T) {
	dict := "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }"
	for len(dict) < 80-10-1 {
		dict += " "
	}
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, npyFile(1, dict+"\n", []byte{0, 0, 0x80, 0x3f}), 0o666); err != nil {
		t.Fatal(err)
	}
	a, err := Open(path)
	if err != nil || a.ReadOnly() || a.String() != "[1.]" {
		t.Errorf("have %v, mapped %v, %v", a, a.ReadOnly(), err)
	}
}

func TestArchiveIsReadByManyAtOnce(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, must(New(Float32, 1000))); err != nil {
		t.Fatal(err)
	}
	file := archive(8, "a.npy", b.Bytes(), "b.npy", oneFloat)
	z := must(NewNPZ(bytes.NewReader(file), int64(len(file))))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				a, err := z.Read("a")
				b, err2 := z.Read("b")
				if err != nil || err2 != nil || a.Len() != 1000 || b.Len() != 1 {
					t.Errorf("have %v, %v", err, err2)
				}
			}
		})
	}
	wg.Wait()
}
