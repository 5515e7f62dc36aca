package arrowio

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"ndflow/internal/tempfile"
	"ndflow/npy"
	"ndflow/npy/table"
)

// batchBytes is what a record batch, and a Parquet row group, takes at most: more
// makes readers allocate much at once, and arrow-go's own refuses 256 MiB.
const batchBytes = 64 << 20

// Writer writes columns to an Arrow or a Parquet file, as a [table.Writer]: the
// file lies under a temporary name in the same folder until Commit. Each Write
// makes a record batch, or several if it is more than 64 MiB.
type Writer struct {
	path    string
	columns []table.Column
	notes   []string
	schema  *arrow.Schema
	how     mode
	file    *tempfile.File // nil if the writer is the caller's
	out     *output
	sink    sink
	err     error // why Commit fails
	closed  bool
}

var (
	_ table.Writer = (*Writer)(nil)
	_ table.Noter  = (*Writer)(nil)
)

// sink is a file format's writer.
type sink interface {
	// room is how many rows the next batch may have.
	room() int
	write(batch arrow.RecordBatch) error
	finish() error
}

// output counts what is written and keeps the first error, which arrow-go does
// not always hand on.
type output struct {
	*bufio.Writer
	w   io.Writer
	n   int64
	err error
}

func newOutput(w io.Writer) *output {
	o := &output{w: w}
	o.Writer = bufio.NewWriterSize(writerFunc(o.through), 1<<20)
	return o
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func (o *output) through(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	o.n += int64(n)
	return n, err
}

// newWriter begins a table. It goes to w, or where that is nil into a file.
func newWriter(path string, w io.Writer, columns []table.Column, how mode, newSink func(*output, *arrow.Schema) (sink, error)) (wr *Writer, err error) {
	defer name(path, &err)
	defer guard(&err)
	wr = &Writer{path: path, columns: slices.Clone(columns), how: how}
	if wr.schema, wr.notes, err = fieldsOf(columns, how); err != nil {
		return nil, err
	}
	if w == nil {
		if wr.file, err = tempfile.Create(path, "", nil); err != nil {
			return nil, err
		}
		w = wr.file
	}
	wr.out = newOutput(w)
	if wr.sink, err = newSink(wr.out, wr.schema); err != nil {
		wr.discard()
		return nil, err
	}
	return wr, nil
}

// fieldsOf returns the schema of columns, and what has to be said of them.
func fieldsOf(columns []table.Column, how mode) (*arrow.Schema, []string, error) {
	if len(columns) == 0 {
		return nil, nil, fmt.Errorf("%w: a table with no columns", npy.ErrShape)
	}
	var fields []arrow.Field
	var notes []string
	names := map[string]bool{}
	for _, c := range columns {
		if names[c.Name] {
			return nil, nil, fmt.Errorf("there are two columns %q", c.Name)
		}
		names[c.Name] = true
		dtype, err := storedDType(c.DType)
		if err != nil {
			return nil, nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		if _, note, _ := Stored(c); note != "" {
			notes = append(notes, note)
		}
		f := arrow.Field{Name: c.Name, Nullable: true} // as every other tool writes it
		if f.Type, err = listOf(plain[dtype], dtype, c.Shape); err != nil {
			return nil, nil, fmt.Errorf("column %q: %w", c.Name, err)
		}
		if isTensor(dtype, c.Shape) {
			if how&asTensor != 0 {
				f.Type, err = NewTensorType(plain[dtype], c.Shape...)
				if err != nil {
					return nil, nil, err
				}
			} else {
				f.Metadata = arrow.NewMetadata([]string{nameKey, metadataKey}, []string{tensorName, tensorMetadata(c.Shape)})
			}
		}
		fields = append(fields, f)
	}
	return arrow.NewSchema(fields, nil), notes, nil
}

// Notes says which columns are stored with a wider dtype.
func (w *Writer) Notes() []string { return slices.Clone(w.notes) }

// Write adds rows. The memory of numbers goes to the file as it is.
func (w *Writer) Write(batch []*npy.Array) error {
	rows, err := table.Check(w.columns, batch)
	if err == nil && w.closed {
		err = errClosed
	}
	if err == nil {
		err = w.err
	}
	if err != nil || rows == 0 {
		return err
	}
	step := (rows + pieces(batch) - 1) / pieces(batch)
	for lo := 0; lo < rows; {
		hi := min(lo+min(step, w.sink.room()), rows)
		if err := w.writeRows(batch, lo, hi); err != nil {
			return err
		}
		lo = hi
	}
	return nil
}

// pieces is in how many parts a batch has to be written.
func pieces(batch []*npy.Array) int {
	size := 0
	for _, a := range batch {
		if a.DType() != npy.String {
			size += len(a.Bytes())
			continue
		}
		strs, _ := npy.Values[string](a) // it is one of strings
		for _, s := range strs {
			size += len(s) + 4
		}
	}
	return max((size+batchBytes-1)/batchBytes, 1)
}

func (w *Writer) writeRows(batch []*npy.Array, lo, hi int) (err error) {
	defer func() {
		if err != nil && w.err == nil {
			w.err = err
		}
	}()
	defer name(w.path, &err)
	defer w.system(&err)
	defer guard(&err)
	cols := make([]arrow.Array, 0, len(batch))
	defer func() { release(cols) }()
	for i, a := range batch {
		part, err := a.Slice(lo, hi)
		if err != nil {
			return err
		}
		col, err := toArrow(part, w.how)
		if err == nil && !arrow.TypeEqual(col.DataType(), w.schema.Field(i).Type) {
			col.Release()
			err = fmt.Errorf("have %v, want %v", col.DataType(), w.schema.Field(i).Type)
		}
		if err != nil {
			return fmt.Errorf("column %q: %w", w.columns[i].Name, err)
		}
		cols = append(cols, col)
	}
	record := array.NewRecordBatch(w.schema, cols, int64(hi-lo))
	defer record.Release()
	return w.sink.write(record)
}

// system puts the system's own error in the place of what came of it.
func (w *Writer) system(err *error) {
	if *err != nil && w.out.err != nil {
		*err = w.out.err
	}
}

// Commit completes the file and gives it its name.
func (w *Writer) Commit() (err error) {
	if w.closed {
		return errClosed
	}
	w.closed = true
	if w.err != nil {
		return errors.Join(w.err, w.discard())
	}
	defer func() {
		if err != nil {
			w.discard()
		}
	}()
	defer name(w.path, &err)
	defer w.system(&err)
	defer guard(&err)
	if err := w.sink.finish(); err != nil {
		return err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	if w.out.err != nil {
		return w.out.err
	}
	if w.file == nil {
		return nil
	}
	return w.file.Commit()
}

// Close without Commit removes the unfinished file.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	w.closed = true
	err := w.discard()
	name(w.path, &err)
	return err
}

func (w *Writer) discard() error {
	if w.file == nil {
		return nil
	}
	return w.file.Discard()
}
