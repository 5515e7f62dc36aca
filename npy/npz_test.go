package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// archive makes a zip of the given entries.
func archive(method uint16, entries ...any) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i].(string), Method: method})
		if err == nil {
			_, err = w.Write(entries[i+1].([]byte))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := z.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// rawEntry makes a zip with one entry whose directory says what it is told to.
func rawEntry(h zip.FileHeader, content []byte) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateRaw(&h)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err)
	}
	return b.Bytes()
}

var oneFloat = npyFile(1, dictOf("'<f4'", "False", "(1,)"), []byte{0, 0, 0x80, 0x3f})

// hostileArchives are archives that must be refused, by NewNPZ or, if it lets
// them pass, by Read of "a".
var hostileArchives = []struct {
	name string
	file []byte
	want []error
}{
	{"empty", nil, []error{ErrFormat}},
	{"no archive", []byte("\x93NUMPY and so on, but not PK"), []error{ErrFormat}},
	{"cut short", archive(zip.Store, "a.npy", oneFloat)[:100], []error{ErrFormat}},
	{"one name twice", archive(zip.Store, "a.npy", oneFloat, "a.npy", oneFloat), []error{ErrFormat}},
	{"no such array", archive(zip.Store, "b.npy", oneFloat), []error{fs.ErrNotExist}},
	{"no array of that name", archive(zip.Store, "b.npy", oneFloat), []error{fs.ErrNotExist}},
	{"empty entry", archive(zip.Store, "a.npy", []byte{}), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"entry that is no .npy", archive(zip.Deflate, "a.npy", []byte("something else")), []error{ErrFormat}},
	{"data cut short", archive(zip.Deflate, "a.npy", oneFloat[:len(oneFloat)-1]), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims 1 TB", archive(zip.Deflate, "a.npy", npyFile(1, dictOf("'<f4'", "False", "(274877906944,)"), nil)), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims 1 TB in the directory too", rawEntry(zip.FileHeader{Name: "a.npy", Method: zip.Deflate, CompressedSize64: 100, UncompressedSize64: 1 << 41},
		deflate(npyFile(1, dictOf("'<f4'", "False", "(274877906944,)"), make([]byte, 1000)))), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims 1 TB, stored", rawEntry(zip.FileHeader{Name: "a.npy", Method: zip.Store, CompressedSize64: 1 << 41, UncompressedSize64: 1 << 41},
		npyFile(1, dictOf("'<f4'", "False", "(274877906944,)"), make([]byte, 1000))), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"wrong checksum", rawEntry(zip.FileHeader{Name: "a.npy", Method: zip.Store, CRC32: 1, CompressedSize64: uint64(len(oneFloat)), UncompressedSize64: uint64(len(oneFloat))},
		oneFloat), []error{ErrFormat, zip.ErrChecksum}},
	{"unknown compression", rawEntry(zip.FileHeader{Name: "a.npy", Method: 99, CompressedSize64: uint64(len(oneFloat)), UncompressedSize64: uint64(len(oneFloat))},
		oneFloat), []error{ErrFormat, zip.ErrAlgorithm}},
	{"damaged deflate", rawEntry(zip.FileHeader{Name: "a.npy", Method: zip.Deflate, CompressedSize64: 4, UncompressedSize64: 1000},
		[]byte("\xff\xff\xff\xff")), []error{ErrFormat}},
}

// deflate returns what is compressed in an archive of b.
func deflate(b []byte) []byte {
	r, err := zip.NewReader(bytes.NewReader(archive(zip.Deflate, "a", b)), int64(len(archive(zip.Deflate, "a", b))))
	if err != nil {
		panic(err)
	}
	raw, err := r.File[0].OpenRaw()
	if err != nil {
		panic(err)
	}
	return must(io.ReadAll(raw))
}

func TestHostileArchivesAreErrors(t *testing.T) {
	for _, c := range hostileArchives {
		t.Run(c.name, func(t *testing.T) {
			before := allocated()
			z, err := NewNPZ(bytes.NewReader(c.file), int64(len(c.file)))
			if err == nil {
				_, err = z.Read("a")
			}
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("have %v, want %v", err, want)
				}
			}
			path := filepath.Join(t.TempDir(), "x.npz")
			if err := os.WriteFile(path, c.file, 0o666); err != nil {
				t.Fatal(err)
			}
			if z, err = OpenNPZ(path); err == nil {
				_, err = z.Read("a")
				z.Close()
			}
			if !errors.Is(err, c.want[0]) {
				t.Errorf("OpenNPZ: have %v, want %v", err, c.want[0])
			}
			if z, err = OpenNPZ(path); err == nil {
				var b *Blocks
				if b, err = z.Blocks("a"); err == nil {
					_, err = b.Array()
				}
				z.Close()
			}
			for _, want := range c.want {
				if !errors.Is(err, want) {
					t.Errorf("Blocks: have %v, want %v", err, want)
				}
			}
			if have := allocated() - before; have > 16<<20 {
				t.Errorf("allocated %d bytes for an archive of %d", have, len(c.file))
			}
		})
	}
}

func TestBombIsReadInAsMuchMemoryAsItsHeaderClaims(t *testing.T) {
	// 24 MB of zeros that shrink to 24 KB, behind an array of four bytes.
	bomb := archive(zip.Deflate, "a.npy", append(bytes.Clone(oneFloat), make([]byte, 24<<20)...))
	z := must(NewNPZ(bytes.NewReader(bomb), int64(len(bomb))))
	before := allocated()
	a, err := z.Read("a")
	if err != nil || a.String() != "[1.]" {
		t.Errorf("have %v, %v", a, err)
	}
	if have := allocated() - before; have > 16<<20 {
		t.Errorf("allocated %d bytes", have)
	}
}

func TestArchiveOfManyEntriesIsZip64(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npz")
	w := must(CreateNPZ(path))
	const n = 1<<16 + 10 // the old directory counts to 65535
	for i := range n {
		if err := w.Write(fmt.Sprint(i), Scalar(int32(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	z := must(OpenNPZ(path))
	defer z.Close()
	a, err := z.Read(fmt.Sprint(n - 1))
	if err != nil || a.String() != fmt.Sprint(n-1) || len(z.Names()) != n {
		t.Errorf("have %v, %v, %d names", a, err, len(z.Names()))
	}
}

// TestLargeEntryIsZip64 writes and reads more than 4 GB. It takes a minute and
// as much disk and memory, so it runs only with NDFLOW_SOAK set; elsewhere the
// same is done with a small array.
func TestLargeEntryIsZip64(t *testing.T) {
	size := 1 << 20
	if os.Getenv("NDFLOW_SOAK") != "" {
		size = 1<<32 + 1<<20
	}
	path := filepath.Join(t.TempDir(), "x.npz")
	a := must(New(Uint8, size))
	a.Bytes()[size-1] = 7
	w := must(CreateNPZ(path))
	if err := errors.Join(w.Write("large", a), w.Write("after", Scalar(int8(3))), w.Close()); err != nil {
		t.Fatal(err)
	}
	z := must(OpenNPZ(path))
	defer z.Close()
	after, err := z.Read("after")
	if err != nil || after.String() != "3" {
		t.Errorf("the array after it: have %v, %v", after, err)
	}
	back, err := z.Read("large")
	if err != nil || !bytes.Equal(back.Bytes(), a.Bytes()) {
		t.Errorf("have %v, %v", back, err)
	}
}

func TestNPZWriterRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npz")
	w := must(CreateNPZ(path))
	a := Scalar(int32(1))
	released := must(External(Int8, []int{1}, make([]byte, 1), false, nil))
	released.Release()
	if err := w.Write("a", a); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		entry string
		a     *Array
		want  error
	}{
		{"a name twice", "a", a, fs.ErrExist},
		{"a name twice, with its ending", "a.npy", a, fs.ErrExist},
		{"no name", "", a, fs.ErrInvalid},
		{"an ending only", ".npy", a, fs.ErrInvalid},
		{"a released array", "b", released, ErrReleased},
		{"nil", "c", nil, ErrReleased},
	} {
		if err := w.Write(c.entry, c.a); !errors.Is(err, c.want) {
			t.Errorf("%s: have %v, want %v", c.name, err, c.want)
		}
	}
	if err := errors.Join(w.Write("b.npy", a), w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	z := must(OpenNPZ(path))
	if have := z.Names(); !slices.Equal(have, []string{"a", "b"}) {
		t.Errorf("have %q, want a and b", have)
	}
	if err := errors.Join(z.Close(), z.Close()); err != nil {
		t.Error(err)
	}
	if _, err := z.Read("a"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Read after Close: have %v", err)
	}
}

func TestNPZWriterBrokenByAnArraySaysSoOnClose(t *testing.T) {
	dir := t.TempDir()
	w := must(CreateNPZ(filepath.Join(dir, "x.npz"), Strings(Unicode)))
	first := w.Write("a", must(From([]string{"\xff"})))
	if !errors.Is(first, ErrDType) {
		t.Errorf("Write: have %v, want ErrDType", first)
	}
	for _, err := range []error{w.Write("b", Scalar(int8(1))), w.Close(), w.Close()} {
		if !errors.Is(err, ErrDType) {
			t.Errorf("after that: have %v, want ErrDType", err)
		}
	}
	if have := files(t, dir); len(have) != 0 {
		t.Errorf("have %v in the folder", have)
	}
}

// An archive of other things is no empty one. One with no entry is: NumPy writes it for
// no arrays.
func TestArchiveOfOtherThings(t *testing.T) {
	for _, c := range []struct {
		names []string
		ok    bool
	}{{nil, true}, {[]string{"a.npy"}, true}, {[]string{"hello.txt", "a.npy"}, true}, {[]string{"hello.txt"}, false}, {[]string{"a.NPY", "b"}, false}} {
		var entries []any
		for _, name := range c.names {
			entries = append(entries, name, []byte("of no interest"))
		}
		b := archive(zip.Store, entries...)
		_, err := NewNPZ(bytes.NewReader(b), int64(len(b)))
		if c.ok != (err == nil) || !c.ok && !errors.Is(err, ErrFormat) {
			t.Errorf("%q: have %v", c.names, err)
		}
	}
}
