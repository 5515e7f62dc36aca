package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"ndflow/internal/bundle"
	"ndflow/internal/private"
	"ndflow/internal/savedmodel"
	"ndflow/npy"
)

// OpenFS is [Open] for what is at name in a file system, such as an embed.FS or a
// *zip.Reader. Its files are copied to a private folder in os.TempDir, where they are
// until the source is closed, as arrays are read one at a time; see
// [ndflow/graph.LoadFS], which says what archives are refused.
func OpenFS(fsys fs.FS, name string, opts ...Option) (Source, error) {
	name = path.Clean(name)
	files, at, err := unpack(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	s, err := open(at, optionsOf(opts))
	if err != nil {
		return nil, fmt.Errorf("weights: %w", errors.Join(files.Named(err), files.Remove()))
	}
	u := &unpacked{Source: s, files: files}
	u.cleanup = runtime.AddCleanup(u, func(f *private.Folder) { _ = f.Remove() }, files)
	return u, nil
}

// unpack copies the files that belong to what is at name. It returns where that is then.
func unpack(fsys fs.FS, name string) (files *private.Folder, at string, err error) {
	if fsys == nil {
		return nil, "", errors.New("a nil file system")
	}
	if info, err := fs.Stat(fsys, name); err == nil && info.IsDir() {
		want, err := inFolder(fsys, name)
		if err != nil {
			return nil, "", err
		}
		files, err := private.Copy(fsys, name, want)
		if err != nil {
			return nil, "", err
		}
		return files, files.Path, nil
	}
	dir, base := path.Split(name)
	if savedmodel.IsMainFile(name) {
		files, err := savedmodel.Unpack(fsys, path.Clean(dir))
		if err != nil {
			return nil, "", err
		}
		return files, filepath.Join(files.Path, base), nil
	}
	prefix := prefixOf(base)
	if part := partPattern.FindStringSubmatch(base); part != nil {
		prefix = part[1]
	}
	files, err = private.Copy(fsys, path.Clean(dir), func(f string, isDir bool) bool {
		return !isDir && (f == base || strings.HasPrefix(f, strings.TrimSuffix(prefix, ".npy")+"."))
	})
	if err != nil {
		return nil, "", err
	}
	return files, filepath.Join(files.Path, base), nil
}

// inFolder tells which files of a folder are those that [Open] looks at: of a SavedModel,
// of the newest checkpoint, or all arrays.
func inFolder(fsys fs.FS, dir string) (func(name string, isDir bool) bool, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if savedmodel.IsMainFile(e.Name()) {
			return savedmodel.IsPart, nil
		}
	}
	newest, err := bundle.NewestFS(fsys, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return func(name string, isDir bool) bool { return !isDir && path.Ext(name) == ".npy" }, nil
	}
	if err != nil {
		return nil, err
	}
	return func(name string, isDir bool) bool {
		return !isDir && (name == "checkpoint" || strings.HasPrefix(name, newest+"."))
	}, nil
}

// unpacked is a source whose files are in a folder that goes with it.
type unpacked struct {
	Source
	files   *private.Folder
	cleanup runtime.Cleanup
}

func (u *unpacked) Read(name string) (*npy.Array, error) {
	a, err := u.Source.Read(name)
	return a, u.files.Named(err)
}

func (u *unpacked) readAs(name string, dtype npy.DType) (*npy.Array, error) {
	a, err := ReadAs(u.Source, name, dtype)
	return a, u.files.Named(err)
}

func (u *unpacked) Close() error {
	u.cleanup.Stop()
	return errors.Join(u.Source.Close(), u.files.Remove())
}
