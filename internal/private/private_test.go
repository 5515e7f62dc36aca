package private

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
)

func all(string, bool) bool { return true }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nothingLeft sets a folder for temporary files, which is to be empty again.
func nothingLeft(t *testing.T) (check func()) {
	t.Helper()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	return func() {
		t.Helper()
		left, err := os.ReadDir(temp)
		must(t, err)
		if len(left) > 0 {
			t.Errorf("left are %v", left)
		}
	}
}

func TestCopy(t *testing.T) {
	check := nothingLeft(t)
	fsys := fstest.MapFS{"m/a": {Data: []byte("one")}, "m/b/c": {Data: nil}, "m/d/e": {Data: []byte("no")}, "else": {}}
	f, err := Copy(fsys, "m/", func(name string, _ bool) bool { return name != "d" })
	must(t, err)
	var have []string
	must(t, filepath.WalkDir(f.Path, func(path string, _ fs.DirEntry, err error) error {
		rel, _ := filepath.Rel(f.Path, path)
		have = append(have, rel)
		return err
	}))
	if want := []string{".", "a", "b", "b/c"}; !equal(have, want) {
		t.Errorf("have %q, want %q", have, want)
	}
	if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("others can look into it: %v (%v)", info.Mode(), err)
	}
	if err := f.Named(&fs.PathError{Op: "open", Path: filepath.Join(f.Path, "a"), Err: fs.ErrNotExist}); err.Error() != "open m/a: file does not exist" || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("have %v", err)
	}
	must(t, f.Remove())
	check()
}

func equal(a, b []string) bool {
	for i := range a {
		if i >= len(b) || filepath.ToSlash(a[i]) != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}

// liar is a file system whose file has another length than it says.
type liar struct {
	fstest.MapFS
	size int64
}

type lie struct {
	fs.FileInfo
	size int64
}

func (l lie) Size() int64 { return l.size }

func (l liar) Stat(name string) (fs.FileInfo, error) {
	info, err := l.MapFS.Stat(name)
	if err == nil && !info.IsDir() {
		info = lie{info, l.size}
	}
	return info, err
}

func TestCopyRefuses(t *testing.T) {
	check := nothingLeft(t)
	archive := func(headers ...*zip.FileHeader) *zip.Reader {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, h := range headers {
			f, err := w.CreateHeader(h)
			must(t, err)
			if h.FileInfo().Mode().IsRegular() {
				_, err = f.Write(make([]byte, 3000))
				must(t, err)
			}
		}
		must(t, w.Close())
		r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
			t.Fatal(err)
		}
		return r
	}
	named := func(name string) *zip.FileHeader { return &zip.FileHeader{Name: name, Method: zip.Deflate} }
	link := named("m/link")
	link.SetMode(fs.ModeSymlink | 0o777)
	pipe := fstest.MapFS{"m/pipe": {Mode: fs.ModeNamedPipe}}
	text := fstest.MapFS{"m/text": {Data: []byte("four")}}
	for _, c := range []struct {
		name string
		fsys fs.FS
		dir  string
		is   error
	}{
		{"a name that leaves", archive(named("m/ok"), named("../m/out")), "m", zip.ErrInsecurePath},
		{"a name that leaves later", archive(named("m/../../out")), ".", zip.ErrInsecurePath},
		{"a name from the root", archive(named("/etc/passwd")), ".", zip.ErrInsecurePath},
		{"a name of Windows", archive(named(`m\..\..\out`)), ".", zip.ErrInsecurePath},
		{"a link", archive(link), "m", zip.ErrFormat},
		{"two of one name", archive(named("m/a"), named("m/a")), "m", nil},
		{"a lie about its size", inflated(t), ".", zip.ErrFormat},
		{"files in one another", overlapping(t), ".", zip.ErrFormat},
		{"a pipe", pipe, "m", nil},
		{"a file for a folder", text, "m/text", nil},
		{"shorter than it says", liar{text, 5}, "m", io.ErrUnexpectedEOF},
		{"longer than it says", liar{text, 3}, "m", io.ErrUnexpectedEOF},
		{"no folder", text, "none", fs.ErrNotExist},
		{"a path that leaves", text, "../m", fs.ErrInvalid},
		{"nil", nil, ".", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, err := Copy(c.fsys, c.dir, all)
			if err == nil {
				must(t, f.Remove())
			}
			if err == nil || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("have %v, want %v", err, c.is)
			}
			check()
		})
	}
}

// raw is an archive of two files, with its bytes for those who change them.
func raw(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range []string{"a", "b"} {
		f, err := w.Create(name)
		must(t, err)
		_, err = f.Write(make([]byte, 100))
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

// directory is where the central directory's entry of each file begins.
func directory(data []byte) (at []int) {
	for i := range data[:len(data)-4] {
		if string(data[i:i+4]) == "PK\x01\x02" {
			at = append(at, i)
		}
	}
	return at
}

func read(t *testing.T, data []byte) *zip.Reader {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	must(t, err)
	return r
}

// inflated is an archive in which a small file is said to be of 3 GB.
func inflated(t *testing.T) *zip.Reader {
	data := raw(t)
	binary.LittleEndian.PutUint32(data[directory(data)[0]+24:], 3<<30)
	return read(t, data)
}

// overlapping is an archive whose second file begins where the first does.
func overlapping(t *testing.T) *zip.Reader {
	data := raw(t)
	binary.LittleEndian.PutUint32(data[directory(data)[1]+42:], 0)
	return read(t, data)
}
