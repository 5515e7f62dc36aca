// Package private copies files out of a file system of a program's own, such as one that
// is embedded or a zip archive, into a folder of this process's own: for TensorFlow,
// which reads files by their paths.
package private

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Folder is a folder that nobody else can look into. Remove takes it away.
type Folder struct {
	Path string
	dir  string // in the file system that it is a copy of
}

// Copy copies those files below dir for which want is true. It is asked with their paths
// from there, "variables/variables.index", and for folders before it is for what they
// contain. A file that is no regular one, an archive with names that leave it, and files
// of other lengths than they are said to have are errors; nothing is left then.
func Copy(fsys fs.FS, dir string, want func(name string, isDir bool) bool) (*Folder, error) {
	if fsys == nil {
		return nil, errors.New("a nil file system")
	}
	if dir = path.Clean(dir); !fs.ValidPath(dir) {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: fs.ErrInvalid}
	}
	if err := checkArchive(fsys); err != nil {
		return nil, err
	}
	info, err := fs.Stat(fsys, dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errors.New("not a folder")}
	}
	temp, err := os.MkdirTemp("", "ndflow-*")
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: temp, dir: dir}
	if err := f.fill(fsys, want); err != nil {
		return nil, errors.Join(f.Named(err), f.Remove())
	}
	return f, nil
}

func (f *Folder) fill(fsys fs.FS, want func(name string, isDir bool) bool) error {
	return fs.WalkDir(fsys, f.dir, func(from string, d fs.DirEntry, err error) error {
		if err != nil || from == f.dir {
			return err
		}
		if !fs.ValidPath(from) {
			return &fs.PathError{Op: "open", Path: from, Err: fs.ErrInvalid}
		}
		name := from
		if f.dir != "." {
			name = strings.TrimPrefix(from, f.dir+"/")
		}
		to := filepath.Join(f.Path, filepath.FromSlash(name))
		switch wanted := want(name, d.IsDir()); {
		case d.IsDir() && !wanted:
			return fs.SkipDir
		case d.IsDir():
			return os.Mkdir(to, 0o700)
		case !wanted:
			return nil
		}
		return copyFile(fsys, from, to)
	})
}

// copyFile copies a file, or what a link is to, where the file system follows links.
func copyFile(fsys fs.FS, from, to string) error {
	info, err := fs.Stat(fsys, from)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // to open a pipe would be to wait for it
		return &fs.PathError{Op: "open", Path: from, Err: errors.New("not a regular file")}
	}
	in, err := fsys.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, info.Size()+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if n != info.Size() {
		return fmt.Errorf("%s: %w: it has another length than the %d bytes that it is said to have", from, io.ErrUnexpectedEOF, info.Size())
	}
	return nil
}

// Remove removes the folder and all that is in it.
func (f *Folder) Remove() error { return os.RemoveAll(f.Path) }

// Named makes an error speak of the files by the names that they have in the file system
// which they came from.
func (f *Folder) Named(err error) error {
	if err == nil || !strings.Contains(err.Error(), f.Path) {
		return err
	}
	return &renamed{err: err, text: strings.ReplaceAll(err.Error(), f.Path, f.dir)}
}

type renamed struct {
	err  error
	text string
}

func (e *renamed) Error() string { return e.text }
func (e *renamed) Unwrap() error { return e.err }
