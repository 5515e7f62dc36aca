package eager

import (
	"errors"
	"fmt"
	"io/fs"

	"ndflow/internal/savedmodel"
)

// LoadFS is [Load] for a SavedModel in the folder dir of a file system, such as an
// embed.FS or a *zip.Reader. The model's files are for a time in a private folder, and
// nothing is left of them when LoadFS returns: see [graph.LoadFS].
func LoadFS(fsys fs.FS, dir string, opts ...Option) (*Model, error) {
	files, err := savedmodel.Unpack(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("eager: load %s: %w", dir, err)
	}
	m, err := Load(files.Path, opts...)
	if err = errors.Join(files.Named(err), files.Remove()); err != nil {
		if m != nil {
			m.Close()
		}
		return nil, err
	}
	m.dir = dir
	return m, nil
}
