package private

import (
	"errors"
	"os"
	"path/filepath"
)

// With makes a folder that has one file with the given content, and links to what there is
// of the named files and folders in dir, a folder of the machine. It stands for dir with
// that file changed.
func With(dir, name string, content []byte, others []string) (*Folder, error) {
	whole, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "ndflow-*")
	if err != nil {
		return nil, err
	}
	f := &Folder{Path: temp, dir: dir}
	if err := f.with(whole, name, content, others); err != nil {
		return nil, errors.Join(err, f.Remove())
	}
	return f, nil
}

func (f *Folder) with(dir, name string, content []byte, others []string) error {
	for _, other := range others {
		from := filepath.Join(dir, other)
		if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := os.Symlink(from, filepath.Join(f.Path, other)); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(f.Path, name), content, 0o600)
}
