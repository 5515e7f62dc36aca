package job

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ndflow/internal/savedmodel"
)

// identity is what has to be the same for a job to be gone on with.
type identity struct {
	Version   int      `json:"version"`
	Model     []stamp  `json:"model"`
	Signature string   `json:"signature"`
	Inputs    []stamp  `json:"inputs"`
	Outputs   []string `json:"outputs"`
}

// stamp tells a file from another one, or from itself before it was written to.
type stamp struct {
	Name string    `json:"name,omitempty"` // of the input
	Path string    `json:"path"`
	Size int64     `json:"size"`
	Time time.Time `json:"time"`
}

// newIdentity tells which job this is.
func newIdentity(o Options, m *model, in []input, out []*result) (identity, error) {
	id := identity{Version: 1, Signature: m.what}
	model := savedmodel.Folder(o.Model)
	err := filepath.WalkDir(model, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		s, err := newStamp("", path)
		id.Model = append(id.Model, s)
		return err
	})
	for _, from := range in {
		s, e := newStamp(from.name, from.path)
		err = errors.Join(err, e)
		id.Inputs = append(id.Inputs, s)
	}
	for _, res := range out {
		id.Outputs = append(id.Outputs, res.name+"="+res.direct.final)
	}
	return id, err
}

func newStamp(name, path string) (stamp, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return stamp{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{Name: name, Path: path, Size: info.Size(), Time: info.ModTime().UTC()}, nil
}

// differs says what the other job has that is not the same, "" if it is all.
func (id identity) differs(other identity) string {
	sameStamps := func(a, b []stamp) bool { return slices.EqualFunc(a, b, func(a, b stamp) bool { return a.same(b) }) }
	switch {
	case id.Version != other.Version:
		return "it was begun by another version of ndflow"
	case !sameStamps(id.Model, other.Model):
		return "the model is another one, or has changed"
	case id.Signature != other.Signature:
		return fmt.Sprintf("it ran %s, this is %s", other.Signature, id.Signature)
	case !sameStamps(id.Inputs, other.Inputs):
		return "the inputs are others, or have changed"
	case !slices.Equal(id.Outputs, other.Outputs):
		return "the outputs are others"
	}
	return ""
}

func (s stamp) same(o stamp) bool {
	return s.Name == o.Name && s.Path == o.Path && s.Size == o.Size && s.Time.Equal(o.Time)
}
