package weights

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ndflow/internal/bundle"
	"ndflow/internal/savedmodel"
)

// Overwrite lets [SaveModel] and [WriteNPZ] replace what is there already.
func Overwrite() Option { return func(o *options) { o.over = true } }

// Progress calls f as the work goes on, with how many bytes of arrays are done, of how
// many.
func Progress(f func(done, total int64)) Option { return func(o *options) { o.progress = f } }

func (o options) done(n, total int64) {
	if o.progress != nil {
		o.progress(n, total)
	}
}

// SaveModel writes a copy of the SavedModel in the folder model to the folder out, whose
// variables have the arrays of s as their values, by name. Those that s has no array for
// stay as they are; the names are returned of those among them that [Open] lists without
// [All]. The checkpoint is written by TensorFlow's own ops, so that every TensorFlow reads
// it, and in memory of not much more than the largest array, or 64 MB. It looks at the
// options [Overwrite], [WithTags] and [Progress].
//
// Names are those that [Open] with [All] lists of the model. Dtypes and shapes are
// checked first: where one does not fit the error is a [*FitError]. The model itself is
// never touched, so out must not be in it. What is at out already is an fs.ErrExist,
// unless [Overwrite] is given: a SavedModel's folder, nothing else, is then replaced.
// The new model gets its name when it is complete.
func SaveModel(ctx context.Context, out, model string, s Source, opts ...Option) (kept []string, err error) {
	o := optionsOf(opts)
	model = savedmodel.Folder(model)
	m, err := readModel(model, o.tags)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer m.close()
	if err := checkOut(out, model, o.over); err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if m.reader == nil {
		return nil, fmt.Errorf("weights: %s has no variables", model)
	}
	if kept, err = fit(m.infos(), s.List()); err != nil {
		return nil, err
	}
	kept = slices.DeleteFunc(kept, func(name string) bool {
		return !slices.ContainsFunc(m.listed(), func(v variable) bool { return v.name == name })
	})
	temp, err := tempFolder(out)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(temp)
			err = fmt.Errorf("weights: write %s: %w", out, nameFiles(err, temp, out))
		}
	}()
	if err := copyModel(temp, model); err != nil {
		return nil, err
	}
	if err := m.writeCheckpoint(ctx, savedmodel.Variables(temp), s, o); err != nil {
		return nil, err
	}
	return kept, putInPlace(temp, out, o.over)
}

// infos says what the model's variables are, all of them. Of those that signatures use
// the graph knows the shapes that they can have.
func (m *savedModel) infos() []Info {
	list := make([]Info, len(m.all))
	for i, v := range m.all {
		list[i] = Info{Name: v.name, DType: m.entries[v.key].DataType.DType(), Shape: v.shape}
	}
	return list
}

// checkOut looks whether the model can be written to out, before any work.
func checkOut(out, model string, over bool) error {
	if out == "" {
		return errors.New("no folder to write the model to")
	}
	if inside, err := isInside(out, model); err != nil {
		return err
	} else if inside {
		return fmt.Errorf("%s is the model itself, or in it or around it: write the new one elsewhere", out)
	}
	info, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(out); err == nil {
			return fmt.Errorf("%s is a link to nothing", out)
		}
		return nil
	case err != nil:
		return err
	case !over:
		return &fs.PathError{Op: "write", Path: out, Err: fs.ErrExist}
	case !info.IsDir() || savedmodel.Check(out) != nil:
		return fmt.Errorf("%s is no SavedModel's folder, and nothing else is replaced", out)
	}
	return nil
}

// isInside reports whether one of two folders is the other, or in it. out may not be
// there yet.
func isInside(out, model string) (bool, error) {
	model, err := realPath(model)
	if err != nil {
		return false, err
	}
	real, err := realPath(out)
	if errors.Is(err, fs.ErrNotExist) {
		parent, err := realPath(filepath.Dir(filepath.Clean(out)))
		if err != nil {
			return false, err
		}
		real = filepath.Join(parent, filepath.Base(out))
	} else if err != nil {
		return false, err
	}
	within := func(a, b string) bool {
		rel, err := filepath.Rel(b, a)
		return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
	}
	return within(real, model) || within(model, real), nil
}

func realPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(abs)
}

// tempFolder makes the folder that will be renamed to out.
func tempFolder(out string) (string, error) {
	for {
		// Not os.MkdirTemp: its folders are for the owner only.
		dir := filepath.Join(filepath.Dir(filepath.Clean(out)), fmt.Sprintf(".ndflow-%016x.tmp", rand.Uint64()))
		err := os.Mkdir(dir, 0o777)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return dir, err
	}
}

// fingerprint vouches for the files that it was made with, the checkpoint too.
const fingerprint = "fingerprint.pb"

// copyModel copies all of a SavedModel but its checkpoint.
func copyModel(to, from string) error {
	from, err := realPath(from) // a link is not walked
	if err != nil {
		return err
	}
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case rel == ".":
			return nil
		case rel == "variables":
			if err := os.Mkdir(target, 0o777); err != nil {
				return err
			}
			return fs.SkipDir
		case rel == fingerprint:
			return nil
		case d.IsDir():
			return os.Mkdir(target, 0o777)
		}
		return copyFile(target, path) // what a link is to, where it is one
	})
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// putInPlace gives the new model its name.
func putInPlace(temp, out string, over bool) error {
	if !bundle.Exists(savedmodel.Variables(temp)) {
		return errors.New("TensorFlow has written no checkpoint")
	}
	if _, err := os.Stat(out); err != nil || !over {
		return os.Rename(temp, out)
	}
	real, err := filepath.EvalSymlinks(out) // a link stays a link
	if err != nil {
		return err
	}
	old := temp + ".old"
	if err := os.Rename(real, old); err != nil {
		return err
	}
	if err := os.Rename(temp, real); err != nil {
		return errors.Join(err, os.Rename(old, real))
	}
	return os.RemoveAll(old)
}

// nameFiles makes an error speak of the files by the names that they were to have.
func nameFiles(err error, temp, out string) error {
	text := err.Error()
	if !strings.Contains(text, temp) {
		return err
	}
	return &renamed{err: err, text: strings.ReplaceAll(text, temp, out)}
}

type renamed struct {
	err  error
	text string
}

func (e *renamed) Error() string { return e.text }
func (e *renamed) Unwrap() error { return e.err }
