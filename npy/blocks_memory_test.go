package npy

import (
	"archive/zip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// zeros writes a file of zeros that takes no room on the disk: an array of 1<<10 rows, of
// so many megabytes.
func zeros(t *testing.T, name, descr string, size int, order string, mb int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	head := npyFile(1, dictOf("'"+descr+"'", order, "(1024, "+strconv.Itoa(mb<<10/size)+")"), nil)
	if err := os.WriteFile(path, head, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head)+mb<<20)); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestBlocksTakeTheMemoryOfABlock counts what is allocated for a file of 24 MB: no more
// than some blocks of 1 MB. To read it whole takes 24.
func TestBlocksTakeTheMemoryOfABlock(t *testing.T) {
	smallBlocks(t, 1<<20)
	const mb = 24
	for name, c := range map[string]struct {
		descr, order string
		size         int
	}{
		"column-major":            {"<f4", "True", 4},
		"big-endian":              {">f8", "False", 8},
		"big-endian column-major": {">i2", "True", 2},
		"complex column-major":    {"<c16", "True", 16},
		"bool":                    {"|b1", "False", 1},
		"bool column-major":       {"|b1", "True", 1},
		"data at an odd place":    {"<f4", "False", 4},
	} {
		t.Run(name, func(t *testing.T) {
			path := zeros(t, "x.npy", c.descr, c.size, c.order, mb)
			stored, deflated := zipOf(t, path, zip.Store), zipOf(t, path, zip.Deflate)
			check := func(way string, most int, open func() (*Blocks, error)) {
				t.Helper()
				before := allocated()
				b, err := open()
				if err != nil {
					t.Fatalf("%s: %v", way, err)
				}
				defer b.Release()
				var room Room
				for lo := 0; lo < b.Len(); lo += b.Step() {
					if _, err := b.Elements(lo, min(lo+b.Step(), b.Len()), &room); err != nil {
						t.Fatalf("%s: %v", way, err)
					}
				}
				if have := int(allocated() - before); have > most<<20 {
					t.Errorf("%s: have %d MB allocated, want at most %d", way, have>>20, most)
				}
			}
			check("file", 4, func() (*Blocks, error) { return OpenBlocks(path) })
			check("stored", 4, func() (*Blocks, error) { return stored.Blocks("x") })
			if c.order == "False" {
				check("deflated", 4, func() (*Blocks, error) { return deflated.Blocks("x") })
			}

			// What is read at once is there once, and what comes in rows as they are.
			before := allocated()
			if _, err := ReadFile(path); err != nil {
				t.Fatal(err)
			}
			if have := int(allocated() - before); have > (mb+6)<<20 {
				t.Errorf("ReadFile: have %d MB allocated, want %d and few more", have>>20, mb)
			}
			f := must(os.Open(path))
			defer f.Close()
			before = allocated()
			rows := must(NewRows(f))
			for {
				if _, err := rows.Next(8); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if have := int(allocated() - before); have > (mb+6)<<20 {
				t.Errorf("NewRows: have %d MB allocated, want %d and few more", have>>20, mb)
			}
		})
	}
}

// zipOf makes an archive of a file.
func zipOf(t *testing.T, path string, method uint16) *NPZ {
	t.Helper()
	to := must(os.Create(path + ".npz"))
	defer to.Close()
	from := must(os.Open(path))
	defer from.Close()
	z := zip.NewWriter(to)
	w := must(z.CreateHeader(&zip.FileHeader{Name: "x.npy", Method: method}))
	if _, err := io.Copy(w, from); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	npz := must(OpenNPZ(to.Name()))
	t.Cleanup(func() { npz.Close() })
	os.Rename(to.Name(), to.Name()+strconv.Itoa(int(method)))
	return npz
}

// TestMemoryThatCannotBeHad is an error and not the end of the program.
func TestMemoryThatCannotBeHad(t *testing.T) {
	const huge = 1 << 46 // more than a process has addresses for, with what it has
	if _, err := New(Uint8, 4*huge); !errors.Is(err, ErrMemory) {
		t.Errorf("have %v, want ErrMemory", err)
	}
}
