// Package files reads and writes arrays in files of any format that ndflow has, which
// their names choose, and converts between them:
//
//	.npy                       one array
//	.npz                       arrays by name
//	.arrow .feather            Arrow IPC
//	.parquet                   Parquet
//	.csv .tsv                  CSV
//	.json                      nested lists, or an object of columns
//	.jsonl .ndjson             one JSON object a line
//
// [Read] and [Write] are for arrays in memory:
//
//	names, arrays, err := files.Read("people.parquet", files.Options{Columns: []string{"age"}})
//	err = files.Write("ages.npz", names, arrays, files.Options{})
//
// [OpenTable] and [CreateTable] are for what does not fit there, and [Convert] does all
// that a conversion takes.
package files

import (
	"fmt"
	"path/filepath"
	"strings"

	"ndflow/npy"
	"ndflow/npy/arrowio"
	"ndflow/npy/table"
	"ndflow/npy/text"
)

// Format is how arrays are in a file.
type Format uint8

// The formats.
const (
	NPY Format = iota + 1
	NPZ
	Arrow
	Parquet
	CSV
	JSON
	JSONLines
)

var endings = map[string]Format{
	".npy": NPY, ".npz": NPZ, ".arrow": Arrow, ".arrows": Arrow, ".feather": Arrow, ".parquet": Parquet,
	".csv": CSV, ".tsv": CSV, ".json": JSON, ".jsonl": JSONLines, ".ndjson": JSONLines,
}

// FormatOf returns the format that a file's name says, and an error that lists them
// if it says none.
func FormatOf(path string) (Format, error) {
	if f, ok := endings[strings.ToLower(filepath.Ext(path))]; ok {
		return f, nil
	}
	return 0, fmt.Errorf("files: %s: no format has names like that, want .npy, .npz, .arrow, .parquet, .csv, .json or .jsonl", path)
}

func (f Format) String() string {
	if f < NPY || f > JSONLines {
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
	return [...]string{".npy", ".npz", ".arrow", ".parquet", ".csv", ".json", ".jsonl"}[f-NPY]
}

// text says whether a format has no dtypes of its own.
func (f Format) text() bool { return f == CSV || f == JSON || f == JSONLines }

// nameless says whether one array can be all there is, without a name.
func (f Format) nameless() bool { return f == NPY || f == CSV || f == JSON }

// Options are choices that a file's name does not make. The zero value is fine.
type Options struct {
	// Columns are the arrays that are read, in this order; empty for all.
	Columns []string
	// Types are the dtypes of columns that are read from text, which else decides
	// itself; that of "" is for all others. See package text.
	Types map[string]npy.DType
	// Header says whether CSV begins with names.
	Header text.Head
	// NonFinite is how JSON that is written has NaN and infinities.
	NonFinite text.NonFiniteAs
	// Compress deflates .npz files.
	Compress bool
}

// forText are the options of package text.
func (o Options) forText(path string) []text.Option {
	opts := []text.Option{text.Columns(o.Columns...), text.Header(o.Header), text.NonFinite(o.NonFinite)}
	if strings.EqualFold(filepath.Ext(path), ".tsv") {
		opts = append(opts, text.Comma('\t'))
	}
	types := map[string]npy.DType{}
	for name, d := range o.Types {
		if name == "" {
			opts = append(opts, text.As(d))
		} else {
			types[name] = d
		}
	}
	return append(opts, text.Types(types))
}

// Base is the name that the array of a .npy file gets where it needs one: the file's,
// without its folder and ending.
func Base(path string) string {
	return strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
}

// OpenTable opens a file of any format as a table. Arrays that differ in their number
// of rows, or have none, are an npy.ErrShape; [Read] reads them. The array of a .npy
// file has no name, see [Base].
func OpenTable(path string, o Options) (table.Reader, error) {
	f, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	switch f {
	case NPY:
		return openNPY(path, o)
	case NPZ:
		return openNPZ(path, o)
	case Arrow:
		return opened(arrowio.OpenArrow(path, arrowio.Columns(o.Columns...), arrowio.NullsAsNaN()))
	case Parquet:
		return opened(arrowio.OpenParquet(path, arrowio.Columns(o.Columns...), arrowio.NullsAsNaN()))
	case CSV:
		return text.OpenCSV(path, o.forText(path)...)
	case JSONLines:
		return text.OpenJSONLines(path, o.forText(path)...)
	}
	return text.OpenJSON(path, o.forText(path)...)
}

// opened keeps a nil pointer from looking like a Reader.
func opened(r *arrowio.Reader, err error) (table.Reader, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// CreateTable begins a file of any format as a table. A .npy file has one column. For
// a .npz file the columns wait in temporary files beside it until Commit.
func CreateTable(path string, columns []table.Column, o Options) (table.Writer, error) {
	f, err := FormatOf(path)
	if err != nil {
		return nil, err
	}
	switch f {
	case NPY:
		return createNPY(path, columns)
	case NPZ:
		return createNPZ(path, columns, o)
	case Arrow:
		return created(arrowio.CreateArrow(path, columns))
	case Parquet:
		return created(arrowio.CreateParquet(path, columns))
	case CSV:
		return text.CreateCSV(path, columns, o.forText(path)...)
	case JSONLines:
		return text.CreateJSONLines(path, columns, o.forText(path)...)
	}
	return text.CreateJSON(path, columns, o.forText(path)...)
}

func created(w *arrowio.Writer, err error) (table.Writer, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}
