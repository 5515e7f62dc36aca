package job

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ndflow/npy"
)

// file is a file that is written under a temporary name, so that several files
// can get their own names after all of them are complete.
type file struct {
	path    string // as the user calls it
	final   string // what that is: absolute, links followed
	temp    string // "" once it is gone
	archive bool
	targets []Target
	results []*result
}

// stageFile begins a file. It lies in the folder that it is for, so that it
// can be renamed, and so that a folder that cannot be written to is found now.
func stageFile(path string) (*file, error) {
	final, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(final)); err == nil {
		final = filepath.Join(dir, filepath.Base(final))
	}
	if real, err := filepath.EvalSymlinks(final); err == nil {
		final = real // a link stays a link, to the new file
	}
	perm := fs.FileMode(0o666)
	info, err := os.Stat(final)
	exists := err == nil
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: cannot be replaced, it is no regular file", path)
	default:
		perm = info.Mode().Perm()
	}
	f := &file{path: path, final: final, archive: isArchive(path)}
	f.temp = filepath.Join(filepath.Dir(final), fmt.Sprintf(tempName, rand.Uint64()))
	t, err := os.OpenFile(f.temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, f.explain(err)
	}
	if exists {
		err = t.Chmod(perm) // the file's own, whatever the umask is
	}
	if err := errors.Join(err, t.Close()); err != nil {
		f.abort()
		return nil, f.explain(err)
	}
	return f, nil
}

// tempName is the name of files that are not complete.
const tempName = ".ndflow-%016x.tmp"

// removeTemp removes what a process that was killed has left, if it is that.
func removeTemp(path string) {
	var n uint64
	if k, err := fmt.Sscanf(filepath.Base(path), tempName, &n); k == 1 && err == nil {
		os.Remove(path)
	}
}

// partial is where a result that outlives a kill lies until it is complete.
func (f *file) partial() string { return f.final + ".partial" }

// want adds a result to those that are written to the file.
func (f *file) want(res *result) {
	if !slices.Contains(f.results, res) {
		f.results = append(f.results, res)
	}
}

// write writes the results that did not land in the file by themselves.
func (f *file) write() error {
	if f.archive {
		return f.writeArchive()
	}
	res := f.results[0]
	if res.mapped != nil && res.direct == f {
		return nil
	}
	return npy.WriteFile(f.temp, res.array)
}

func (f *file) writeArchive() error {
	w, err := npy.CreateNPZ(f.temp)
	if err != nil {
		return err
	}
	defer w.Abort()
	for _, res := range f.results {
		if err := w.Write(res.name, res.array); err != nil {
			return err
		}
	}
	return w.Close()
}

// commit gives the complete file its name.
func (f *file) commit() error {
	if err := os.Rename(f.temp, f.final); err != nil {
		return f.explain(err)
	}
	f.temp = ""
	return nil
}

func (f *file) abort() {
	if f.temp != "" {
		os.Remove(f.temp)
		f.temp = ""
	}
}

// explain makes an error speak of the file by the user's name for it, and not
// by those of temporary files.
func (f *file) explain(err error) error {
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		err = pathErr.Err
	case errors.As(err, &linkErr):
		err = linkErr.Err
	default:
		for _, name := range []string{f.temp, f.partial()} {
			if _, rest, ok := strings.Cut(err.Error(), name+": "); ok && name != "" {
				return fmt.Errorf("write %s: %s", f.path, rest)
			}
		}
	}
	return fmt.Errorf("write %s: %w", f.path, err)
}
