package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ndflow/graph"
	"ndflow/internal/bundle"
	"ndflow/internal/filekind"
	"ndflow/internal/savedmodel"
	"ndflow/npy"
)

// Errors that callers can test for with errors.Is.
var (
	// ErrDamaged: a checkpoint's files are not what they should be: cut off, missing, or
	// with other bytes than were written.
	ErrDamaged = bundle.ErrDamaged
	// ErrUnknown: a file or folder is nothing that weights are in.
	ErrUnknown = errors.New("want a SavedModel's folder, a checkpoint, .npz or .npy")
	// ErrFit: arrays do not fit the variables that they are to be the values of. The
	// error is a [*FitError].
	ErrFit = errors.New("the weights do not fit")
)

// Info says what an array is, without its elements.
type Info struct {
	Name  string
	DType npy.DType // Invalid for what has no array form, and see [Source]
	Shape []int     // -1 where a dimension of a variable is not fixed; nil where not even the rank is
}

// Bytes returns how much memory the elements take: 0 for strings, which have no fixed
// size, and where DType or Shape do not tell.
func (i Info) Bytes() int64 {
	n := int64(i.DType.Size())
	if i.Shape == nil {
		return 0
	}
	for _, d := range i.Shape {
		if d <= 0 || n > math.MaxInt64/int64(d) {
			return 0
		}
		n *= int64(d)
	}
	return n
}

// String returns dtype and shape, "float32 [16 8]".
func (i Info) String() string {
	if i.Shape == nil {
		return fmt.Sprintf("%v of any shape", i.DType)
	}
	return fmt.Sprintf("%v %v", i.DType, i.Shape)
}

// Source is a set of arrays with names. It is safe for concurrent use.
type Source interface {
	// List lists the arrays. The dtype is npy.Invalid where a file does not tell it, as
	// NumPy's do not of the 8-bit floats: ReadAs reads those.
	List() []Info
	// Read reads an array. It is the caller's, who may Release it to give its memory
	// back at once. A name that is not there is a *[graph.NameError]. It may be read-only.
	Read(name string) (*npy.Array, error)
	// Close closes the files. Arrays that were read stay valid.
	Close() error
}

// readerAs is a Source that can be told what a file does not tell.
type readerAs interface {
	readAs(name string, dtype npy.DType) (*npy.Array, error)
}

// ReadAs reads an array of which the source does not tell the dtype ([npy.As]). Any other
// array of another dtype is an [npy.ErrDType].
func ReadAs(s Source, name string, dtype npy.DType) (*npy.Array, error) {
	if r, ok := s.(readerAs); ok {
		return r.readAs(name, dtype)
	}
	a, err := s.Read(name)
	if err != nil {
		return nil, err
	}
	if a.DType() != dtype {
		err := fmt.Errorf("weights: %q: %w: have %v, want %v", name, npy.ErrDType, a.DType(), dtype)
		a.Release()
		return nil, err
	}
	return a, nil
}

// blocker is a Source that has arrays which need not be read at once.
type blocker interface {
	blocks(name string) (*npy.Blocks, error)
}

// Blocks opens an array of a source to be read in blocks, which column-major and
// big-endian files, and archives, have without memory for all of it; others are read.
// The caller releases it, before the source is closed.
func Blocks(s Source, name string) (*npy.Blocks, error) {
	if b, ok := s.(blocker); ok {
		return b.blocks(name)
	}
	a, err := s.Read(name)
	if err != nil {
		return nil, err
	}
	return a.Blocks(), nil
}

// Option changes what [Open] and [SaveModel] do.
type Option func(*options)

type options struct {
	all      bool
	tags     []string
	over     bool
	progress func(done, total int64)
}

func optionsOf(list []Option) options {
	var o options
	for _, f := range list {
		f(&o)
	}
	return o
}

// All makes [Open] list everything in a SavedModel's checkpoint, what its signatures do
// not use too.
func All() Option { return func(o *options) { o.all = true } }

// WithTags chooses the MetaGraph of a SavedModel. Without it that is the one tagged
// "serve", or the only one.
func WithTags(tags ...string) Option {
	return func(o *options) { o.tags = append([]string{}, tags...) }
}

// Open opens what is at path:
//
//   - a SavedModel: its folder, or the file saved_model.pb in that;
//   - a checkpoint: its prefix, one of its files, or a folder whose file "checkpoint"
//     names it;
//   - a .npz file;
//   - a .npy file, whose one array has the file's name, without ".npy";
//   - an array in parts, by the name of the whole, w.npy, or of one of its parts,
//     w.part0.npy;
//   - a folder of .npy files, with or without parts.
//
// Nothing but lists and headers is read. The caller closes the source.
func Open(path string, opts ...Option) (Source, error) {
	s, err := open(path, optionsOf(opts))
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return s, nil
}

func open(path string, o options) (Source, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return openFolder(path, o)
	case err == nil && savedmodel.IsMainFile(path):
		return openModel(savedmodel.Folder(path), o)
	case bundle.Exists(prefixOf(path)):
		return openCheckpoint(prefixOf(path))
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err != nil:
		if parts := partsOf(path); parts != nil {
			return openParts(parts)
		}
		if filepath.Ext(path) == ".npy" || filepath.Ext(path) == ".npz" {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", err, ErrUnknown)
	}
	if part := partPattern.FindStringSubmatch(filepath.Base(path)); part != nil {
		return openParts(partsOf(filepath.Join(filepath.Dir(path), part[1]+".npy")))
	}
	if filepath.Ext(path) == ".npy" {
		return openNPY(path)
	}
	if filepath.Ext(path) == ".npz" {
		return openNPZ(path)
	}
	return openByContent(path)
}

// openByContent opens a file whose name does not tell what it is.
func openByContent(path string) (Source, error) {
	switch kind := filekind.OfFile(path); {
	case kind == filekind.NPY:
		return openNPY(path)
	case kind == filekind.NPZ:
		return openNPZ(path)
	case kind.Known():
		return nil, fmt.Errorf("%s: %w: it is %v", path, ErrUnknown, kind)
	}
	return nil, fmt.Errorf("%s: %w", path, ErrUnknown)
}

func openFolder(dir string, o options) (Source, error) {
	switch err := savedmodel.Check(dir); {
	case err == nil:
		return openModel(dir, o)
	case !errors.Is(err, savedmodel.ErrNoModel):
		return nil, err
	}
	prefix, err := bundle.Newest(dir)
	if err == nil {
		return openCheckpoint(prefix)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(escape(dir), "*.npy"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: %w: a SavedModel has a file %s, a folder of checkpoints a file \"checkpoint\"", dir, ErrUnknown, savedmodel.MainFile)
	}
	return openParts(files)
}

// escape makes a pattern that only path fits.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// prefixOf returns the prefix of the checkpoint whose file is at path: path itself, where
// that is none.
func prefixOf(path string) string {
	if prefix, ok := strings.CutSuffix(path, bundle.IndexSuffix); ok {
		return prefix
	}
	if i := strings.LastIndex(path, ".data-"); i >= 0 && strings.Contains(path[i:], "-of-") {
		return path[:i]
	}
	return path
}

// unknown is the error for a name that a source does not have.
func unknown(name string, list []Info) error {
	e := &graph.NameError{Package: "weights", Kind: "array", Name: name}
	for _, i := range list {
		e.Have = append(e.Have, i.Name)
	}
	return e
}

// infos is the list of a source, and knows its arrays by name.
type infos struct {
	list []Info
	at   map[string]int
}

func newInfos(list []Info) infos {
	i := infos{list: list, at: make(map[string]int, len(list))}
	for n, info := range list {
		i.at[info.Name] = n
	}
	return i
}

// List returns a copy, for the caller to keep.
func (i infos) List() []Info { return slices.Clone(i.list) }

// find returns the number of an array in the list.
func (i infos) find(name string) (int, error) {
	n, ok := i.at[name]
	if !ok {
		return 0, unknown(name, i.list)
	}
	return n, nil
}

// Split splits an argument of a command into a path and the name of an array in what is
// there, "model:dense/kernel"; the name is empty where there is none. What is a file or
// folder as it stands is a path, even with a colon in it.
func Split(arg string) (path, name string) {
	if _, err := os.Stat(arg); err == nil || bundle.Exists(arg) {
		return arg, ""
	}
	// A name may have colons too ("w:0"), so the first path that exists counts.
	for i := range len(arg) {
		if arg[i] != ':' || i == 0 {
			continue
		}
		path := arg[:i]
		if _, err := os.Stat(path); err == nil || bundle.Exists(path) || partsOf(path) != nil {
			return path, arg[i+1:]
		}
	}
	// Nothing is there: the error is to name the path.
	if i := strings.LastIndexByte(arg, ':'); i > 0 && !strings.ContainsRune(arg[i:], filepath.Separator) {
		return arg[:i], arg[i+1:]
	}
	if i := strings.IndexByte(arg, ':'); i > 0 {
		return arg[:i], arg[i+1:]
	}
	return arg, ""
}
