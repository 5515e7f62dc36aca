package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"ndflow/npy"
	"ndflow/npy/arrowio"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

// Conversion is files to read and one to write.
type Conversion struct {
	// In are the files to read. Several .npy and .npz files lie side by side: each
	// array is one of Out's. Several files of any other formats, whose columns are the
	// same, follow each other row by row.
	In []string
	// Out is the file to write.
	Out string
	Options
	// Force lets Out be there already.
	Force bool
	// Progress, if not nil, is told how much is done of how many: rows, or arrays where
	// they are moved one by one. all is -1 if it is not known.
	Progress func(done, all int64)
	// Note, if not nil, is told once what has become of the dtypes, and the like.
	Note func(note string)
}

// Convert reads files and writes one, in constant memory where the formats can: tables
// go through in batches, arrays of .npz files that differ in their number of rows one
// by one. Out gets its name when it is complete, and after an error what was there is
// as it was. An Out that is there, without Force, is an fs.ErrExist.
func Convert(ctx context.Context, c Conversion) error {
	to, err := c.check()
	if err != nil {
		return err
	}
	side, err := c.sideBySide()
	if err != nil {
		return err
	}
	if side && (to == NPY || to == NPZ) {
		return c.arrays(ctx, to)
	}
	r, err := c.openTables(side)
	if errors.Is(err, npy.ErrShape) && (to == NPY || to == NPZ || to == JSON) && (side || len(c.In) == 1) {
		return c.arrays(ctx, to) // arrays of any shapes
	}
	if errors.Is(err, npy.ErrShape) && side {
		return fmt.Errorf("%w; %v wants arrays with rows, the same number in each: choose with Columns, or write .npz or .json", err, to)
	}
	if err != nil {
		return err
	}
	defer r.Close()
	return c.rows(ctx, r, to)
}

// check looks at the files before anything is done.
func (c *Conversion) check() (Format, error) {
	to, err := FormatOf(c.Out)
	if err != nil {
		return 0, err
	}
	if len(c.In) == 0 {
		return 0, fmt.Errorf("files: nothing to convert")
	}
	info, err := os.Stat(c.Out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return to, nil
	case err != nil:
		return 0, fmt.Errorf("files: %w", err)
	case info.IsDir():
		return 0, fmt.Errorf("files: %s: is a folder", c.Out)
	}
	for _, in := range c.In {
		if i, err := os.Stat(in); err == nil && os.SameFile(i, info) {
			return 0, fmt.Errorf("files: %s: cannot be read and written at once", c.Out)
		}
	}
	if !c.Force {
		return 0, fmt.Errorf("files: %s: %w", c.Out, fs.ErrExist)
	}
	return to, nil
}

// sideBySide says whether the arrays of the files lie side by side.
func (c *Conversion) sideBySide() (bool, error) {
	side := 0
	for _, in := range c.In {
		f, err := FormatOf(in)
		if err != nil {
			return false, err
		}
		if f == NPY || f == NPZ {
			side++
		}
		if !f.text() && len(c.Types) > 0 {
			return false, fmt.Errorf("files: %s: %w: dtypes are chosen for .csv and .json only, this file has its own", in, npy.ErrDType)
		}
	}
	if side > 0 && side < len(c.In) {
		return false, fmt.Errorf("files: .npy and .npz files lie side by side, and the others follow each other: convert them one after the other")
	}
	return side > 0, nil
}

// openTables opens all files as one table.
func (c *Conversion) openTables(side bool) (table.Reader, error) {
	all := &tables{}
	for _, in := range c.In {
		o := c.Options
		if side && len(c.In) > 1 {
			o.Columns = nil // which file has which is seen when they are together
		}
		r, err := OpenTable(in, o)
		if err != nil {
			all.Close()
			return nil, err
		}
		all.readers, all.paths = append(all.readers, r), append(all.paths, in)
	}
	if len(all.readers) == 1 {
		return all.readers[0], nil
	}
	if side {
		r, err := beside(all, c.Columns)
		if err != nil {
			all.Close()
		}
		return r, err
	}
	if err := all.alike(); err != nil {
		all.Close()
		return nil, err
	}
	return all, nil
}

// rows moves a table in batches.
func (c *Conversion) rows(ctx context.Context, r table.Reader, to Format) error {
	r = name(r, c.In, to)
	w, err := CreateTable(c.Out, r.Columns(), c.Options)
	if err != nil {
		return err
	}
	defer w.Close()
	all := r.Rows()
	if err := table.Copy(ctx, w, r, func(rows int64) { c.progress(rows, all) }); err != nil {
		return err
	}
	for _, note := range append(table.Notes(r), table.Notes(w)...) {
		c.note(note)
	}
	return w.Commit()
}

// arrays moves arrays one by one.
func (c *Conversion) arrays(ctx context.Context, to Format) error {
	var names []string
	from := map[string]func() (*npy.Blocks, error){}
	for _, in := range c.In {
		o := c.Options
		if len(c.In) > 1 {
			o.Columns = nil
		}
		s, err := openSet(in, o)
		if err != nil {
			return err
		}
		defer s.close()
		for _, n := range s.names {
			as := n
			if n == "" && !(len(c.In) == 1 && to.nameless()) {
				as = Base(in)
			}
			if from[as] != nil {
				return fmt.Errorf("files: %s: a second array %q", in, as)
			}
			names = append(names, as)
			from[as] = func() (*npy.Blocks, error) { return s.read(n) }
		}
	}
	if len(c.In) > 1 && len(c.Columns) > 0 {
		for _, n := range c.Columns {
			if from[n] == nil {
				return fmt.Errorf("files: no array %q, there are %q", n, names)
			}
		}
		names = c.Columns
	}
	read := func(n string) (*npy.Blocks, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := from[n]()
		if err == nil && to == JSON {
			var note string
			if note, err = text.Stored(table.Column{Name: n, DType: b.DType()}); note != "" {
				c.note(note)
			}
		}
		return b, err
	}
	return writeSet(c.Out, to, names, read, c.Options, func(n int) error {
		c.progress(int64(n), int64(len(names)))
		return ctx.Err()
	})
}

func (c *Conversion) progress(done, all int64) {
	if c.Progress != nil {
		c.Progress(done, all)
	}
}

func (c *Conversion) note(note string) {
	if c.Note != nil {
		c.Note(note)
	}
}

// named is a table with other names.
type named struct {
	table.Reader
	columns []table.Column
}

func (n named) Columns() []table.Column { return n.columns }
func (n named) Notes() []string         { return table.Notes(n.Reader) }

// name gives the array that has no name its file's, where the format needs one.
func name(r table.Reader, in []string, to Format) table.Reader {
	columns := slices.Clone(r.Columns())
	for i := range columns {
		if columns[i].Name == "" && !(to.nameless() && len(columns) == 1) {
			columns[i].Name = Base(in[0])
		}
	}
	return named{r, columns}
}

// Stored says what becomes of a column in a format: see the functions of that name in
// text and arrowio. .npy and .npz have everything as it is.
func Stored(f Format, c table.Column) (note string, err error) {
	switch f {
	case Arrow, Parquet:
		_, note, err = arrowio.Stored(c)
	case CSV, JSON, JSONLines:
		note, err = text.Stored(c)
	}
	return note, err
}
