// Package table is what files of columns have in common: rows come and go in
// batches, each column of a batch as one array whose first axis is the rows.
//
//	r, err := text.OpenCSV("people.csv")   // or arrowio's, or table.Of(arrays)
//	for {
//		batch, err := r.Next(1000)     // up to 1000 rows, an array a column
//		if err == io.EOF {
//			break
//		}
//		...
//	}
//
// A file that is larger than memory goes from one format into another with
// [Copy]. [ReadAll] is for those that are not; [Of] makes a [Reader] of arrays.
package table

import (
	"fmt"
	"slices"

	"ndflow/npy"
)

// Column is what a column has in each row: a scalar where Shape is empty, else
// an array of that shape.
type Column struct {
	Name  string
	DType npy.DType
	Shape []int
}

// String is "name float32 [3 4]", and without the shape for scalars.
func (c Column) String() string {
	if len(c.Shape) == 0 {
		return fmt.Sprintf("%s %v", c.Name, c.DType)
	}
	return fmt.Sprintf("%s %v %v", c.Name, c.DType, c.Shape)
}

// Reader gives the rows of a table from front to back. It is for one goroutine
// at a time.
type Reader interface {
	// Columns are the same from the first call to the last.
	Columns() []Column
	// Rows is how many there are in all, or -1 where that is not known yet.
	Rows() int64
	// Next returns the next rows, at least one and at most n: an array for each
	// column, of shape [rows, Shape...]. They are the caller's to keep, and may be
	// read-only. At the end the error is io.EOF itself, with no rows; after any
	// other error there are no more rows.
	Next(n int) ([]*npy.Array, error)
	// Close gives up what the Reader holds. The arrays it gave stay as they are.
	// The second Close does nothing.
	Close() error
}

// Writer takes the rows of a table from front to back. It is for one goroutine
// at a time.
type Writer interface {
	// Write adds rows: an array for each column, in their order, of shape
	// [rows, Shape...], with the column's dtype. The arrays are the caller's again
	// when it returns. A batch that does not fit the columns (see [Check]) leaves
	// the table as it was; after any other error Commit fails.
	Write(batch []*npy.Array) error
	// Commit completes the file and gives it its name: only then is it there.
	Commit() error
	// Close without Commit leaves nothing behind, and what was there under the
	// name as it was. After Commit it does nothing, so that it can be deferred.
	Close() error
}

// Noter is implemented by Readers and Writers that have something to say about
// what they did: that float16 was widened to float32, say. Each note is a
// sentence with no full stop, and is there once.
type Noter interface {
	Notes() []string
}

// Notes returns the notes of a Reader or Writer; none if it makes none.
func Notes(rw any) []string {
	if n, ok := rw.(Noter); ok {
		return n.Notes()
	}
	return nil
}

// Check says whether a batch fits the columns, and how many rows it has. The
// error is an npy.ErrShape or an npy.ErrDType, and names the column.
func Check(columns []Column, batch []*npy.Array) (rows int, err error) {
	if len(batch) != len(columns) {
		return 0, fmt.Errorf("table: %w: have %d arrays, want %d, one for each column", npy.ErrShape, len(batch), len(columns))
	}
	for i, a := range batch {
		c := columns[i]
		switch {
		case a == nil:
			return 0, fmt.Errorf("table: column %q: nil array", c.Name)
		case a.DType() != c.DType:
			return 0, fmt.Errorf("table: column %q: %w: have %v, want %v", c.Name, npy.ErrDType, a.DType(), c.DType)
		case a.NDim() == 0 || !slices.Equal(a.Shape()[1:], c.Shape):
			return 0, fmt.Errorf("table: column %q: %w: have %v, want rows of shape %v", c.Name, npy.ErrShape, a.Shape(), c.Shape)
		case i > 0 && a.Dim(0) != rows:
			return 0, fmt.Errorf("table: column %q: %w: have %d rows, want %d as column %q has", c.Name, npy.ErrShape, a.Dim(0), rows, columns[0].Name)
		}
		rows = a.Dim(0)
	}
	return rows, nil
}

// Pick finds columns by their names, and returns their places, in the order
// of the names; all of them where there are no names. A name that is not there
// is an error that lists those that are.
func Pick(columns []Column, names []string) ([]int, error) {
	if len(names) == 0 {
		all := make([]int, len(columns))
		for i := range all {
			all[i] = i
		}
		return all, nil
	}
	var picked []int
	for _, name := range names {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			have := make([]string, len(columns))
			for k, c := range columns {
				have[k] = c.Name
			}
			return nil, fmt.Errorf("table: no column %q, there are %q", name, have)
		}
		if slices.Contains(picked, i) {
			return nil, fmt.Errorf("table: column %q is asked for twice", name)
		}
		picked = append(picked, i)
	}
	return picked, nil
}
