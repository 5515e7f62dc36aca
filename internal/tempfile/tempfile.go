// Package tempfile writes files that get their names when they are complete.
package tempfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// File is a file that gets its name when it is complete.
type File struct {
	*os.File
	target string // "" when File is the target itself: a device or a pipe
	named  bool   // by the caller, who finds it again
	done   bool
}

// Create begins a file that will replace the one at path. It lies in the
// same folder, so that a rename can put it in place at once. It gets the given
// name if that is not empty, and is the given file if that is there already.
func Create(path, name string, file *os.File) (*File, error) {
	perm := fs.FileMode(0o666)
	keepPerm := false
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays a link, to the new file
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, &fs.PathError{Op: "create", Path: path, Err: errors.New("is a directory")}
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, err
		}
		return &File{File: f}, nil
	default:
		perm, keepPerm = info.Mode().Perm(), true
	}
	if file != nil {
		return &File{File: file, target: path, named: true}, nil
	}
	for {
		// Not os.CreateTemp: its files are for the owner only, and these are
		// to have the permissions of any new file.
		at := name
		if name == "" {
			at = filepath.Join(filepath.Dir(path), fmt.Sprintf(".npy-%016x.tmp", rand.Uint64()))
		}
		f, err := os.OpenFile(at, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
		if errors.Is(err, fs.ErrExist) && name == "" {
			continue
		}
		if err != nil {
			return nil, err
		}
		t := &File{File: f, target: path, named: name != ""}
		if keepPerm {
			if err := f.Chmod(perm); err != nil {
				t.Discard()
				return nil, err
			}
		}
		return t, nil
	}
}

// Commit closes the file and gives it its name. On an error it is gone.
func (t *File) Commit() error {
	if t.target == "" {
		t.done = true
		return t.Close()
	}
	err := t.Close()
	if err == nil {
		err = os.Rename(t.Name(), t.target)
	}
	if err != nil {
		t.Discard()
		return err
	}
	t.done = true
	return nil
}

// Direct says that the file is the target itself, a device or a pipe, and has
// no other name.
func (t *File) Direct() bool { return t.target == "" }

// Named says that the unfinished file has a name that its caller gave it.
func (t *File) Named() bool { return t.named }

// Keep closes the file and leaves it where it is.
func (t *File) Keep() error {
	if t.done {
		return nil
	}
	t.done = true
	return t.Close()
}

// Discard removes the file, unless it was committed or discarded before.
func (t *File) Discard() error {
	if t.done {
		return nil
	}
	t.done = true
	t.Close() // perhaps for the second time
	if t.target == "" {
		return nil
	}
	return os.Remove(t.Name())
}
