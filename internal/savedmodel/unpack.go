package savedmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ndflow/internal/private"
)

// IsPart reports whether a SavedModel is loaded from a file or folder, by its path in the
// model's folder.
func IsPart(name string, _ bool) bool {
	top, _, _ := strings.Cut(name, "/")
	return top == variablesFolder || top == assetsFolder || name == top && IsMainFile(name)
}

// Unpack copies the files that the SavedModel in dir is loaded from into a folder that
// the caller removes: the main file, the checkpoint and the assets. TensorFlow reads
// files only, of its own file systems or of the machine's. Its own in memory, ram://, was
// tried with 256 MB of variables, of which the files are copied from the page cache: it
// took 1.08 times as long as a folder (0.85 s and 0.79 s), and 532 MB at its peak where
// the folder took 276 MB, as much as to load from where the files are: it keeps the
// checkpoint beside the variables that are read from it. Only libtensorflow_framework
// exports the functions that write to it, which not all builds of the library have.
func Unpack(fsys fs.FS, dir string) (*private.Folder, error) {
	f, err := private.Copy(fsys, dir, IsPart)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrNoModel, err)
	}
	return f, err
}
