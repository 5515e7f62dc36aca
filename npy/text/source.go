package text

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"ndflow/npy/table"
)

// sampleSize is how much decides of a text that can be read only once.
const sampleSize = 1 << 20

// source is a text that is looked at before it is read.
type source struct {
	r     io.Reader
	file  *os.File // to close; nil where r is the caller's
	path  string
	seek  io.Seeker // nil where the text can be read only once
	start int64
}

// open opens the file at path as a table.
func open[R table.Reader](path string, opts []Option, read func(*source, *options) (R, error)) (table.Reader, error) {
	s, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("text: %w", err)
	}
	return from(s, opts, read)
}

// from begins to read a table.
func from[R table.Reader](s *source, opts []Option, read func(*source, *options) (R, error)) (table.Reader, error) {
	r, err := read(s, optionsOf(opts))
	if err != nil {
		s.close()
		return nil, s.explain(err)
	}
	return r, nil
}

func openSource(path string) (*source, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := newSource(f)
	s.file, s.path = f, path
	return s, nil
}

func newSource(r io.Reader) *source {
	s := &source{r: r}
	if seek, ok := r.(io.Seeker); ok {
		if at, err := seek.Seek(0, io.SeekCurrent); err == nil {
			s.seek, s.start = seek, at
		}
	}
	return s
}

// look returns the text for the first time: all of it, or where it can be read only
// once what it begins with; then cut says that there is more.
func (s *source) look() (r io.Reader, cut bool, err error) {
	if s.seek != nil {
		return s.r, false, nil
	}
	sample, err := io.ReadAll(io.LimitReader(s.r, sampleSize))
	if err != nil {
		return nil, false, err
	}
	s.r = io.MultiReader(bytes.NewReader(sample), s.r)
	if cut = len(sample) == sampleSize; cut {
		// The last line is not all there.
		sample = sample[:max(bytes.LastIndexByte(sample, '\n'), 0)]
	}
	return bytes.NewReader(sample), cut, nil
}

// again returns all of the text, after look.
func (s *source) again() (io.Reader, error) {
	if s.seek != nil {
		if _, err := s.seek.Seek(s.start, io.SeekStart); err != nil {
			return nil, err
		}
	}
	return s.r, nil
}

func (s *source) explain(err error) error {
	if s.path != "" {
		return fmt.Errorf("text: %s: %w", s.path, err)
	}
	return fmt.Errorf("text: %w", err)
}

func (s *source) close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	return nil
}
