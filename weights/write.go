package weights

import (
	"context"
	"fmt"
	"io/fs"
	"os"

	"ndflow/npy"
)

// WriteNPZ writes the arrays of s to the .npz file at path, one at a time. It looks at the
// options [Overwrite] and [Progress]. What is at path already is an fs.ErrExist, unless
// [Overwrite] is given; the file gets its name when it is complete.
func WriteNPZ(ctx context.Context, path string, s Source, opts ...Option) error {
	o := optionsOf(opts)
	if err := checkFile(path, o.over); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	w, err := npy.CreateNPZ(path)
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	defer w.Abort()
	var done, total int64
	list := s.List()
	for _, info := range list {
		total += info.Bytes()
	}
	for _, info := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		o.done(done, total)
		b, err := Blocks(s, info.Name)
		if err != nil {
			return err
		}
		err = w.WriteBlocks(info.Name, b)
		b.Release()
		if err != nil {
			return fmt.Errorf("weights: %w", err)
		}
		done += info.Bytes()
	}
	o.done(total, total)
	if err := w.Close(); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// WriteNPY writes the only array of s to the .npy file at path; see [WriteNPZ].
func WriteNPY(path string, s Source, opts ...Option) error {
	if err := checkFile(path, optionsOf(opts).over); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	list := s.List()
	if len(list) != 1 {
		return fmt.Errorf("weights: %s: have %d arrays, want one; a .npz file takes several", path, len(list))
	}
	b, err := Blocks(s, list[0].Name)
	if err != nil {
		return err
	}
	defer b.Release()
	if err := npy.WriteBlocks(path, b); err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	return nil
}

// checkFile looks whether a file may be written.
func checkFile(path string, over bool) error {
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && !over {
		return &fs.PathError{Op: "write", Path: path, Err: fs.ErrExist}
	}
	return nil
}

// selected is some arrays of a source.
type selected struct {
	infos
	Source
}

// Select is the arrays of s for which keep returns true. To close it closes s.
func Select(s Source, keep func(Info) bool) Source {
	var list []Info
	for _, info := range s.List() {
		if keep(info) {
			list = append(list, info)
		}
	}
	return &selected{infos: newInfos(list), Source: s}
}

// List returns the arrays that were selected.
func (s *selected) List() []Info { return s.infos.List() }

func (s *selected) Read(name string) (*npy.Array, error) {
	if _, err := s.find(name); err != nil {
		return nil, err
	}
	return s.Source.Read(name)
}

func (s *selected) blocks(name string) (*npy.Blocks, error) {
	if _, err := s.find(name); err != nil {
		return nil, err
	}
	return Blocks(s.Source, name)
}

func (s *selected) readAs(name string, dtype npy.DType) (*npy.Array, error) {
	if _, err := s.find(name); err != nil {
		return nil, err
	}
	return ReadAs(s.Source, name, dtype)
}
