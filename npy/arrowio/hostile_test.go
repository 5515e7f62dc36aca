package arrowio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/endian"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"ndflow/npy"
	"ndflow/npy/table"
)

// smallFiles are files of each format, with columns of each kind in two batches.
func smallFiles(t testing.TB) map[string][]byte {
	t.Helper()
	dir, files := t.TempDir(), map[string][]byte{}
	names := []string{"flag", "n", "x", "rows", "deep", "text"}
	arrays := []*npy.Array{
		must(npy.From([]bool{true, false, true, true, false})),
		must(npy.From([]int64{1, 2, 3, 4, 5})),
		must(npy.From([]float32{1, 2, 3, 4, 5})),
		must(npy.From([]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5, 2)),
		must(npy.From([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, 5, 2, 2)),
		must(npy.From([]string{"a", "", "Grüße", "b", "b"})),
	}
	for name, opts := range map[string][]Option{
		"plain.arrow": nil, "zstd.arrow": {Compression("zstd")}, "lz4.arrows": {Compression("lz4")}, "plain.arrows": nil,
		"plain.parquet": {Compression("none"), RowGroup(3)}, "zstd.parquet": {Compression("zstd"), RowGroup(3)},
	} {
		path := filepath.Join(dir, name)
		if err := write(path, names, arrays, 3, opts...); err != nil {
			t.Fatal(err)
		}
		files[name] = must(os.ReadFile(path))
	}
	return files
}

// readBytes reads a file of which the name's ending says the format: Arrow from a
// mapping, so that whoever writes to it is found out, Parquet from memory.
func readBytes(t testing.TB, name string, file []byte, opts ...Option) ([]*npy.Array, error) {
	t.Helper()
	o := optionsOf(opts)
	var src source
	var err error
	var whole *npy.Array
	if strings.HasSuffix(name, ".parquet") {
		src, err = newParquetSource(bytes.NewReader(file), int64(len(file)), o)
	} else {
		if err := os.WriteFile(scratch(), file, 0o666); err != nil {
			t.Fatal(err)
		}
		whole = must(npy.Map(scratch()))
		defer whole.Release()
		src, err = newIPCSource(whole, o)
	}
	if err != nil {
		return nil, err
	}
	r, err := newReader("", src, o, whole)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return table.ReadAll(r)
}

// scratch is a file for one test at a time.
var scratch = sync.OnceValue(func() string {
	f := must(os.CreateTemp("", "arrowio-scratch-"))
	f.Close()
	scratchFile = f.Name()
	return scratchFile
})

var scratchFile string // "" until there is one to remove

// readCarefully is readBytes, within bounds of memory.
func readCarefully(t testing.TB, what, name string, file []byte) ([]*npy.Array, error) {
	t.Helper()
	const limit = 16 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	arrays, err := readBytes(t, name, file, MemoryLimit(limit), NullsAsNaN())
	runtime.ReadMemStats(&after)
	// A decompressor takes what its window is said to be, up to 64 MiB.
	if used := after.TotalAlloc - before.TotalAlloc; used > 4*limit+64<<20 {
		t.Errorf("%s: %d MiB allocated for %d bytes", what, used>>20, len(file))
	}
	return arrays, err
}

func TestTruncatedFilesAreErrors(t *testing.T) {
	step := 7
	switch {
	case os.Getenv("NDFLOW_SOAK") != "":
		step = 1
	case testing.Short():
		step = 31
	}
	for name, file := range smallFiles(t) {
		whole, err := readCarefully(t, name, name, file)
		if err != nil || whole[0].Dim(0) != 5 {
			t.Fatalf("%s: have %v, %v", name, whole, err)
		}
		for n := len(file) - 1; n >= 0; n -= 1 + rand.IntN(step) { // the end is where it matters
			arrays, err := readCarefully(t, fmt.Sprintf("%s cut to %d bytes", name, n), name, file[:n:n])
			// A stream may end where a message does, or lose its end marker.
			if err == nil && !strings.HasSuffix(name, ".arrows") {
				t.Errorf("%s cut to %d of %d bytes: no error, and %v", name, n, len(file), arrays)
			}
			if err != nil && !errors.Is(err, npy.ErrFormat) {
				t.Errorf("%s cut to %d of %d bytes: have %v, want ErrFormat", name, n, len(file), err)
			}
		}
	}
}

func TestAStreamThatMayBeCutOffSaysSo(t *testing.T) {
	file := smallFiles(t)["plain.arrows"]
	for n, want := range map[int]int{len(file): 0, len(file) - 8: 1} {
		r := must(ReadArrow(bytes.NewReader(file[:n])))
		if _, err := table.ReadAll(r); err != nil {
			t.Error(err)
		}
		if notes := r.Notes(); len(notes) != want {
			t.Errorf("%d of %d bytes: have the notes %q", n, len(file), notes)
		}
		r.Close()
	}
}

// TestDamagedFilesNeverPanic changes bytes, in several ways: with NDFLOW_SOAK each
// one, else one of every few, from a place on that differs from run to run.
func TestDamagedFilesNeverPanic(t *testing.T) {
	step := 11
	switch {
	case os.Getenv("NDFLOW_SOAK") != "":
		step = 1
	case testing.Short():
		step = 101
	}
	first := rand.IntN(step)
	for name, file := range smallFiles(t) {
		for i := first; i < len(file); i += step {
			for _, change := range []byte{0x01, 0x80, 0xff} {
				damaged := bytes.Clone(file)
				damaged[i] ^= change
				readCarefully(t, fmt.Sprintf("%s with byte %d ^ %#x", name, i, change), name, damaged)
			}
		}
	}
}

// TestTheOtherByteOrder reads a file that a machine of the other byte order might
// have written: from a mapping, which may not be turned round in its place.
func TestTheOtherByteOrder(t *testing.T) {
	x := must(npy.From([]int32{1, 2, 3}))
	turned := must(npy.From([]uint32{1 << 24, 2 << 24, 3 << 24}))
	turned = must(turned.View(npy.Int32))
	batch := must(RecordBatch([]string{"x"}, []*npy.Array{turned}))
	schema := batch.Schema().WithEndianness(endian.NonNativeEndian)
	for _, stream := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "t.arrow")
		f := must(os.Create(path))
		var w interface {
			Write(arrow.RecordBatch) error
			Close() error
		} = must(ipc.NewFileWriter(f, ipc.WithSchema(schema)))
		if stream {
			w = ipc.NewWriter(f, ipc.WithSchema(schema))
		}
		foreign := array.NewRecordBatch(schema, batch.Columns(), 3)
		if err := errors.Join(w.Write(foreign), w.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		r := must(OpenArrow(path))
		if back, err := table.ReadAll(r); err != nil || !equal(back[0], x) {
			t.Errorf("as a stream %v: have %v, %v", stream, back, err)
		}
		r.Close()
	}
}

// TestParquetThatIsNestedTooDeep reads a footer whose groups lie one in the other.
func TestParquetThatIsNestedTooDeep(t *testing.T) {
	const depth = 10_000
	footer := binary.AppendUvarint([]byte{0x15, 2, 0x19, 0xfc}, depth+1)                       // version 1, a list of structs
	footer = append(footer, bytes.Repeat([]byte{0x35, 0, 0x18, 1, 'a', 0x15, 2, 0}, depth)...) // required group a of one child
	footer = append(footer, 0x15, 2, 0x25, 0, 0x18, 1, 'a', 0)                                 // required int32 a
	footer = append(footer, 0x16, 0, 0x19, 0x0c, 0)                                            // no rows, no row groups
	file := append([]byte("PAR1"), footer...)
	file = append(binary.LittleEndian.AppendUint32(file, uint32(len(footer))), "PAR1"...)
	if _, err := readBytes(t, "deep.parquet", file); !errors.Is(err, npy.ErrFormat) || !strings.Contains(err.Error(), "nested") {
		t.Errorf("have %.200v", err)
	}
}

func TestNoSuchFormat(t *testing.T) {
	dir := t.TempDir()
	files := smallFiles(t)
	for name, c := range map[string]struct {
		content []byte
		want    string
	}{
		"empty.arrow":     {nil, "empty"},
		"feather1.arrow":  {[]byte("FEA1....FEA1"), "version 1"},
		"parquet.arrow":   {files["plain.parquet"], "OpenParquet"},
		"text.arrow":      {[]byte("a,b\n1,2\n3,4\n"), "no Arrow stream"},
		"empty.parquet":   {nil, "0 bytes"},
		"arrow.parquet":   {files["plain.arrow"], `begins with "ARRO"`},
		"cut.parquet":     {files["plain.parquet"][:200], "cut off"},
		"crypted.parquet": {append(bytes.Clone(files["plain.parquet"][:200]), "PARE"...), "encrypted"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.content, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "arrowio: "+path+": ") {
			t.Errorf("%s: have %v, want %q", name, err, c.want)
		}
	}
	for _, name := range []string{"missing.arrow", "missing.parquet"} {
		if _, err := open(filepath.Join(dir, name)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: have %v", name, err)
		}
	}
	if _, err := open(dir); err == nil {
		t.Error("a folder was opened")
	}
}

// FuzzArrow reads any bytes as an Arrow file or stream.
//
//	go test ./npy/arrowio -run - -fuzz FuzzArrow -fuzzminimizetime 1x
func FuzzArrow(f *testing.F) {
	for name, file := range smallFiles(f) {
		if !strings.HasSuffix(name, ".parquet") {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) { readCarefully(t, "", ".arrow", file) })
}

// FuzzParquet reads any bytes as a Parquet file.
func FuzzParquet(f *testing.F) {
	for name, file := range smallFiles(f) {
		if strings.HasSuffix(name, ".parquet") {
			f.Add(file)
		}
	}
	f.Fuzz(func(t *testing.T, file []byte) { readCarefully(t, "", ".parquet", file) })
}
