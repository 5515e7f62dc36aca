package graph

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"

	"ndflow/internal/savedmodel"
)

// LoadFS is [Load] for a SavedModel in the folder dir of a file system: one that is
// embedded in the program (an embed.FS), or a zip archive (a *zip.Reader, which reads
// from memory as well):
//
//	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
//	m, err := graph.LoadFS(archive, "model")
//
// TensorFlow reads files by their paths only. So the model's are copied to a private
// folder in os.TempDir, in a piece of memory that does not depend on their size, and
// removed before LoadFS returns, also where it fails; a process that is killed meanwhile
// leaves them. With 256 MB of variables that took 1.4 to 2.7 times as long as [Load], and
// no more memory. TensorFlow's own file system in memory would need as much again as the
// variables have, and be no faster.
//
// Archives whose names leave the folder that they are unpacked to are a
// zip.ErrInsecurePath, those that claim what cannot be a zip.ErrFormat.
func LoadFS(fsys fs.FS, dir string, opts ...Option) (*Model, error) {
	files, err := savedmodel.Unpack(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("graph: load %s: %w", dir, err)
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

// ReadFrom is [Read] for a GraphDef that comes out of a reader, up to its end.
func ReadFrom(r io.Reader) (*Graph, error) {
	const most = math.MaxInt32 // what a message can have
	def, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	if len(def) > most {
		return nil, fmt.Errorf("graph: %w: more than the %d bytes that a GraphDef can have", ErrNoModel, most)
	}
	g, err := readDef(def)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	return g, nil
}
