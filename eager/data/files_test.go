package data

import (
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ndflow/npy"
	"ndflow/tfc"
)

// write makes a file of what fill writes.
func write(t testing.TB, name string, fill func(w io.Writer)) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	must(t, err)
	fill(f)
	must(t, f.Close())
	return path
}

func text(lines string) func(w io.Writer) { return func(w io.Writer) { io.WriteString(w, lines) } }

func compressed[W io.WriteCloser](compress func(io.Writer) W, fill func(w io.Writer)) func(w io.Writer) {
	return func(w io.Writer) {
		z := compress(w)
		fill(z)
		z.Close()
	}
}

// records writes in the format of record files: a length, the data, and a masked
// checksum of each.
func records(list ...string) func(w io.Writer) {
	sum := func(b []byte) []byte {
		c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
		return binary.LittleEndian.AppendUint32(nil, (c>>15|c<<17)+0xa282ead8)
	}
	return func(w io.Writer) {
		for _, r := range list {
			n := binary.LittleEndian.AppendUint64(nil, uint64(len(r)))
			w.Write(slices.Concat(n, sum(n), []byte(r), sum([]byte(r))))
		}
	}
}

func TestFromText(t *testing.T) {
	c := newContext(t)
	one, two := write(t, "one", text("a\nb\r\n\nc")), write(t, "two", text("d\n"))
	d := FromText(c, []string{one, two})
	wantSpec(t, d, "string []")
	wantAll(t, d, "a", "b", "", "c", "d")
	wantAll(t, d.Batch(4), "['a' 'b' '' 'c']", "['d']")
	wantAll(t, FromText(c, []string{write(t, "gz", compressed(gzip.NewWriter, text("a\nb")))}, GZIP()), "a", "b")
	wantAll(t, FromText(c, []string{write(t, "z", compressed(zlib.NewWriter, text("a\nb")))}, ZLIB()), "a", "b")
	if n, known := d.Len(); known {
		t.Errorf("it says that there are %d lines", n)
	}
	wantError(t, FromText(c, nil).Err(), nil, "FromText", "no files")
	missing := filepath.Join(t.TempDir(), "missing")
	wantError(t, firstError(FromText(c, []string{one, missing})), tfc.NotFound, "element 4", missing)
}

func TestFromTFRecord(t *testing.T) {
	c := newContext(t)
	path := write(t, "records", records("one", "", "three"))
	d := FromTFRecord(c, []string{path})
	wantSpec(t, d, "string []")
	wantAll(t, d, "one", "", "three")
	wantAll(t, FromTFRecord(c, []string{write(t, "gz", compressed(gzip.NewWriter, records("a")))}, GZIP()), "a")
	wantAll(t, FromTFRecord(c, []string{write(t, "z", compressed(zlib.NewWriter, records("a")))}, ZLIB()), "a")
	wantError(t, firstError(FromTFRecord(c, []string{write(t, "text", text("not a record of any kind"))})), tfc.DataLoss, "element 0")
	wantError(t, FromTFRecord(c, nil).Err(), nil, "FromTFRecord", "no files")
}

func TestInterleaveFiles(t *testing.T) {
	c := newContext(t)
	files := func(paths ...string) Dataset { return FromArrays(c, arrayOf(t, paths)) }
	lines, err := TextLines(c)
	must(t, err)
	again, err := TextLines(c)
	must(t, err)
	one, two := write(t, "one", text("a\nb\nc")), write(t, "two", text("x\ny"))
	wantAll(t, files(one, two).Interleave(lines, 2, 1, 2), "a", "x", "b", "y", "c")
	wantAll(t, files(one, two).Interleave(again, 1, 1, 1), "a", "b", "c", "x", "y")
	_, err = TextLines(nil)
	wantError(t, err, nil, "context is nil")
	packed, err := TextLines(c, GZIP())
	must(t, err)
	wantAll(t, files(write(t, "gz", compressed(gzip.NewWriter, text("a\nb")))).Interleave(packed, 2, 1, AutoTune), "a", "b")
	recs, err := TFRecords(c)
	must(t, err)
	wantAll(t, files(write(t, "records", records("one", "two"))).Interleave(recs, 2, 1, 1), "one", "two")
	wantError(t, Range(c, 0, 2, 1).Interleave(lines, 2, 1, 1).Err(), npy.ErrDType, `input "file"`, "have int64 []", "want string []")
}
