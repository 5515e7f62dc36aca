package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"ndflow/cmd/ndflow/internal/progress"
	"ndflow/cmd/ndflow/internal/terminal"
	"ndflow/npy"
	"ndflow/npy/files"
	"ndflow/npy/text"
)

// convertFlags are the flags of "ndflow convert" as they are written.
type convertFlags struct {
	columns   []string
	types     []string
	header    string
	nonFinite string
	compress  bool
	force     bool
}

func newConvert() *cobra.Command {
	var f convertFlags
	cmd := &cobra.Command{
		Use:   "convert IN... OUT",
		Short: "Convert between .npy, .npz, Arrow, Parquet, CSV and JSON",
		Long: `Convert files of arrays. Their names choose the formats:

  .npy                one array
  .npz                arrays by name
  .arrow .feather     Arrow IPC
  .parquet            Parquet
  .csv .tsv           CSV; x[0], x[1] ... are the elements of an array x in each row
  .json               nested lists as NumPy's tolist, or an object of such columns
  .jsonl .ndjson      one JSON object a line

Several .npy and .npz files lie side by side: each array becomes a column, or an array
of the .npz. Several files of the other formats follow each other, and have the same
columns. The array of a .npy file is called what the file is, where it needs a name.

Rows go through in batches, so that files can be larger than memory. Arrays of a .npz
file go one by one. Those that differ in their number of rows can only become .npz, .npy
or .json.

What a format does not have is widened, and a line on stderr says so: float16 is float32
in text, say. Complex numbers stay in .npy and .npz. NaN and infinities are NaN, Infinity
and -Infinity in JSON, as in Python's; --nonfinite chooses otherwise.

CSV and JSON are read twice, first to find the dtypes: int64 (or uint64), float64, bool
or string. --type gives them. OUT gets its name when it is complete; one that is there
already is replaced with --force only.`,
		Example: `  ndflow convert people.csv people.parquet
  ndflow convert results.npz results.json
  ndflow convert images.npy labels.npy train.arrow
  ndflow convert --columns label,score results.parquet scores.npz
  ndflow convert --type zip=string --type float32 homes.csv homes.npz`,
		GroupID: groupWork,
		Args:    atLeast("IN", "OUT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.conversion(cmd, args)
			if err != nil {
				return usage(cmd, err)
			}
			return convert(cmd.Context(), cmd.ErrOrStderr(), c)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVarP(&f.columns, "columns", "c", nil, "take only the columns or arrays of these `names`, in this order")
	flags.StringArrayVarP(&f.types, "type", "t", nil, "the dtype of what is read from text: `[NAME=]DTYPE`")
	flags.StringVar(&f.header, "header", "auto", "whether CSV begins with names: `auto` (unless it is numbers only), yes or no")
	flags.StringVar(&f.nonFinite, "nonfinite", "tokens", "NaN and infinities in JSON: `tokens` (NaN), null or strings (\"NaN\")")
	flags.BoolVar(&f.compress, "compress", false, "deflate a .npz file")
	flags.BoolVarP(&f.force, "force", "f", false, "replace OUT if it is there")
	flags.SortFlags = false
	return cmd
}

// conversion reads the flags. Its errors are usage errors.
func (f *convertFlags) conversion(cmd *cobra.Command, args []string) (files.Conversion, error) {
	c := files.Conversion{In: args[:len(args)-1], Out: args[len(args)-1], Force: f.force}
	c.Columns, c.Compress = f.columns, f.compress
	for _, path := range args {
		if _, err := files.FormatOf(path); err != nil {
			return c, ofFiles(err)
		}
	}
	for _, arg := range f.types {
		name, dtype, ok := "", arg, false
		if i := strings.LastIndexByte(arg, '='); i >= 0 {
			name, dtype, ok = arg[:i], arg[i+1:], true
		}
		d, err := npy.ParseDType(dtype)
		if err != nil || ok && name == "" {
			return c, fmt.Errorf("--type %s: want NAME=DTYPE or DTYPE, such as age=float32", arg)
		}
		if c.Types == nil {
			c.Types = map[string]npy.DType{}
		}
		c.Types[name] = d
	}
	var ok bool
	if c.Header, ok = map[string]text.Head{"auto": text.AutoHead, "yes": text.WithHead, "no": text.NoHead}[f.header]; !ok {
		return c, fmt.Errorf("--header %s: want auto, yes or no", f.header)
	}
	if c.NonFinite, ok = map[string]text.NonFiniteAs{"tokens": text.Tokens, "null": text.Null, "strings": text.Strings}[f.nonFinite]; !ok {
		return c, fmt.Errorf("--nonfinite %s: want tokens, null or strings", f.nonFinite)
	}
	return c, nil
}

func convert(ctx context.Context, stderr io.Writer, c files.Conversion) error {
	var bar *progress.Bar
	if w := terminal.Only(stderr); w != nil {
		c.Progress = func(done, all int64) {
			if bar == nil && all > 0 {
				bar = progress.Rows(w, int(all), 1)
			}
			bar.Set(int(done))
		}
	}
	var notes []string
	c.Note = func(note string) { notes = append(notes, note) }
	err := files.Convert(ctx, c)
	bar.Stop()
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already; --force replaces it", c.Out)
	}
	if err != nil {
		return ofFiles(err)
	}
	for _, note := range notes {
		fmt.Fprintf(stderr, "ndflow: %s\n", note)
	}
	return nil
}

// ofFiles is an error of the packages that read and write files of all formats, without
// their names. Plain does not know these, as one of them is a word that users' files
// are called.
func ofFiles(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(without(err.Error(), "files", "table", "text", "arrowio"))
}
