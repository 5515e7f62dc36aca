package arrowio

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"ndflow/npy"
	"ndflow/npy/table"
)

// OpenParquet opens the Parquet file at path. It is read a few megabytes at a
// time, the columns that are asked for only, and unpacked into memory.
//
// Options: [Columns], [NullsAsNaN], [MemoryLimit]. What is no Parquet file, or a
// damaged one, is an npy.ErrFormat; see [FromArrow] for what a column may hold.
// An encrypted file is an error.
func OpenParquet(path string, opts ...Option) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	o := optionsOf(opts)
	src, err := openParquet(f, o)
	if err != nil {
		f.Close()
		name(path, &err)
		return nil, err
	}
	return newReader(path, src, o, nil)
}

func openParquet(f *os.File, o options) (source, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file, and the index of a Parquet file is at its end")
	}
	return newParquetSource(f, info.Size(), o)
}

type parquetSource struct {
	f       io.Closer // nil for a file in memory
	meter   *meter
	file    *file.Reader
	arrow   *arrow.Schema
	records pqarrow.RecordReader
	count   int64
	seen    int64
}

func newParquetSource(f parquet.ReaderAtSeeker, size int64, o options) (s *parquetSource, err error) {
	defer guard(&err)
	s = &parquetSource{meter: newMeter(o.memory)}
	s.f, _ = f.(io.Closer)
	if err := checkMagic(f, size); err != nil {
		return nil, err
	}
	props := parquet.NewReaderProperties(s.meter)
	props.BufferedStreamEnabled = true // else a whole column of a row group is read at once
	props.BufferSize = 256 << 10
	if s.file, err = file.NewParquetReader(f, file.WithReadProps(props)); err != nil {
		return nil, badFile(err)
	}
	if err := checkDepth(s.file); err != nil {
		return nil, err
	}
	if text := s.file.MetaData().KeyValueMetadata().FindValue("ARROW:schema"); text != nil {
		if err := verifySchema(*text); err != nil {
			return nil, err
		}
	}
	reader, err := pqarrow.NewFileReader(s.file, pqarrow.ArrowReadProperties{}, s.meter)
	if err != nil {
		return nil, badFile(err)
	}
	if s.arrow, err = reader.Schema(); err != nil {
		return nil, badFile(err)
	}
	s.count = s.file.NumRows()
	groups := int64(0)
	for i := range s.file.NumRowGroups() {
		n := s.file.RowGroup(i).NumRows()
		if n < 0 || n > math.MaxInt64-groups {
			return nil, fmt.Errorf("%w: a row group of %d rows", npy.ErrFormat, n)
		}
		groups += n
	}
	if groups != s.count {
		return nil, fmt.Errorf("%w: %d rows, and %d in its row groups", npy.ErrFormat, s.count, groups)
	}
	return s, nil
}

// checkDepth refuses columns that are nested so deep that pqarrow, which goes down
// by recursion, runs out of stack: that ends the program.
func checkDepth(f *file.Reader) error {
	const deepest = 64
	var open []int32 // how many children the groups around the next element still have
	for _, e := range f.MetaData().GetSchema() {
		for len(open) > 0 && open[len(open)-1] <= 0 {
			open = open[:len(open)-1]
		}
		if len(open) > 0 {
			open[len(open)-1]--
		}
		if open = append(open, e.GetNumChildren()); len(open) > deepest {
			return fmt.Errorf("%w: columns that are nested more than %d deep", npy.ErrFormat, deepest)
		}
	}
	return nil
}

// checkMagic says what is wrong with a file that does not begin and end as one of
// Parquet's: that comes before anything is read of it.
func checkMagic(f io.ReaderAt, size int64) error {
	head, tail := make([]byte, 4), make([]byte, 4)
	if size < 12 {
		return fmt.Errorf("%w: %d bytes are no Parquet file", npy.ErrFormat, size)
	}
	if _, err := f.ReadAt(head, 0); err != nil {
		return err
	}
	if _, err := f.ReadAt(tail, size-4); err != nil {
		return err
	}
	switch {
	case bytes.Equal(tail, []byte("PARE")):
		return fmt.Errorf("the file is encrypted, which is not supported")
	case !bytes.Equal(head, parquetMagic):
		return fmt.Errorf("%w: the file begins with %q, want %q", npy.ErrFormat, head, parquetMagic)
	case !bytes.Equal(tail, parquetMagic):
		return fmt.Errorf("%w: the file ends with %q, want %q: it may have been cut off", npy.ErrFormat, tail, parquetMagic)
	}
	return nil
}

var parquetMagic = []byte("PAR1")

func (s *parquetSource) schema() *arrow.Schema { return s.arrow }
func (s *parquetSource) rows() int64           { return s.count }

// open starts reading, in batches whose size goes by the columns.
func (s *parquetSource) open(picked []int) error {
	all := schemaOf(s.arrow)
	columns := make([]table.Column, len(picked))
	for k, i := range picked {
		columns[k] = all.columns[i]
		for j, d := range columns[k].Shape {
			if d == 0 { // a list whose length is not known yet
				columns[k].Shape[j] = 64
			}
		}
	}
	reader, err := pqarrow.NewFileReader(s.file, pqarrow.ArrowReadProperties{BatchSize: int64(table.BatchRows(columns))}, s.meter)
	if err != nil {
		return badFile(err)
	}
	var leaves []int
	for _, i := range picked {
		leaves = append(leaves, leavesOf(&reader.Manifest.Fields[i])...)
	}
	if s.records, err = reader.GetRecordReader(context.Background(), leaves, nil); err != nil {
		return badFile(err)
	}
	return nil
}

// leavesOf are the places of a field's columns in the file.
func leavesOf(f *pqarrow.SchemaField) []int {
	if len(f.Children) == 0 {
		return []int{f.ColIndex}
	}
	var leaves []int
	for i := range f.Children {
		leaves = append(leaves, leavesOf(&f.Children[i])...)
	}
	return leaves
}

func (s *parquetSource) next() (arrow.RecordBatch, bool, error) {
	if s.count == 0 {
		return nil, true, io.EOF
	}
	s.meter.reset()
	record, err := s.records.Read()
	if err == io.EOF {
		if s.seen != s.count {
			return nil, true, fmt.Errorf("%w: %d rows, of %d", npy.ErrFormat, s.seen, s.count)
		}
		return nil, true, io.EOF
	}
	if err != nil {
		return nil, true, badFile(err)
	}
	s.seen += record.NumRows()
	record.Retain()
	return record, true, nil
}

func (s *parquetSource) close() error {
	if s.records != nil {
		s.records.Release()
	}
	if s.f == nil {
		return nil
	}
	return s.f.Close()
}
