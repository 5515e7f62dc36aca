package npy

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// tempFile is a file that gets its name when it is complete.
type tempFile struct {
	*os.File
	target string // "" when File is the target itself: a device or a pipe
	named  bool   // by the caller, who finds it again
	done   bool
}

// createTemp begins a file that will replace the one at path. It lies in the
// same folder, so that a rename can put it in place at once. It gets the given
// name if that is not empty, and is the given file if that is there already.
func createTemp(path, name string, file *os.File) (*tempFile, error) {
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
		return &tempFile{File: f}, nil
	default:
		perm, keepPerm = info.Mode().Perm(), true
	}
	if file != nil {
		return &tempFile{File: file, target: path, named: true}, nil
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
		t := &tempFile{File: f, target: path, named: name != ""}
		if keepPerm {
			if err := f.Chmod(perm); err != nil {
				t.discard()
				return nil, err
			}
		}
		return t, nil
	}
}

// commit closes the file and gives it its name. On an error it is gone.
func (t *tempFile) commit() error {
	if t.target == "" {
		t.done = true
		return t.Close()
	}
	err := t.Close()
	if err == nil {
		err = os.Rename(t.Name(), t.target)
	}
	if err != nil {
		t.discard()
		return err
	}
	t.done = true
	return nil
}

// keep closes the file and leaves it where it is.
func (t *tempFile) keep() error {
	if t.done {
		return nil
	}
	t.done = true
	return t.Close()
}

// discard removes the file, unless it was committed or discarded before.
func (t *tempFile) discard() error {
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
