package npy

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/klauspost/compress/flate"
)

// NPZ reads a .npz file: a zip archive of .npy files, stored or deflated. Its
// methods may be called from several goroutines at once.
type NPZ struct {
	files map[string]*zip.File // by name without ".npy"
	names []string
	size  int64 // of the whole archive
	file  *os.File
	path  string
}

// OpenNPZ opens the .npz file at path. Only the archive's directory is read.
// The caller must call Close. What is no .npz file, or has two entries of one
// name, or entries of which none is an array, is an [ErrFormat].
func OpenNPZ(path string) (*NPZ, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("npy: %w", err)
	}
	z, err := readDirectory(f, info.Size())
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("npy: %s: %w", path, err)
	}
	z.file, z.path = f, path
	return z, nil
}

// NewNPZ is [OpenNPZ] for an archive of the given size that r reads. Its Close
// does nothing to r.
func NewNPZ(r io.ReaderAt, size int64) (*NPZ, error) {
	z, err := readDirectory(r, size)
	if err != nil {
		return nil, fmt.Errorf("npy: %w", err)
	}
	return z, nil
}

func readDirectory(r io.ReaderAt, size int64) (*NPZ, error) {
	// Names that would leave a folder are harmless: nothing is unpacked.
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, badFormat("%w", err)
	}
	// It inflates 1.4 times faster than Go's own.
	archive.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	z := &NPZ{files: map[string]*zip.File{}, size: size}
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, ".npy")
		if !ok {
			continue // NumPy gives the bytes of such entries; they are no arrays
		}
		if z.files[name] != nil {
			return nil, badFormat("two entries %q", shorten(f.Name))
		}
		z.files[name] = f
		z.names = append(z.names, name)
	}
	if n := len(archive.File); n > 0 && len(z.names) == 0 {
		// np.savez of nothing writes an archive with no entry at all.
		return nil, badFormat("a zip archive with none of its %d entries an array, whose name ends in .npy; the first is %q", n, shorten(archive.File[0].Name))
	}
	return z, nil
}

// Names returns the names of the arrays, without ".npy", in the archive's order.
func (z *NPZ) Names() []string { return append([]string(nil), z.names...) }

// Read reads the array of the given name, with or without ".npy", into Go
// memory. It allocates as data arrives, so an archive that unpacks to less
// than it claims costs nothing. Errors are those of [Read]; a name that is not
// there is an fs.ErrNotExist that lists those that are.
func (z *NPZ) Read(name string, opts ...Option) (*Array, error) {
	var a *Array
	err := z.entry(name, func(r io.Reader, h *Header, f *zip.File) error {
		if h.Fortran && len(h.Shape) > 1 && h.item.kind != 'O' {
			l, err := h.sized(optionsOf(opts))
			if err != nil {
				return err
			}
			b, err := z.open(r, h, f, l)
			if err != nil {
				return err
			}
			defer b.Release()
			a, err = b.read()
			return err
		}
		var err error
		// A stored entry has its size in the file, so that can be trusted.
		avail := int64(-1)
		if f.Method == zip.Store && f.UncompressedSize64 <= uint64(z.size) {
			avail = int64(f.UncompressedSize64)
		}
		if a, err = h.readData(r, avail, optionsOf(opts)); err != nil {
			return err
		}
		// The archive's checksum is looked at when the entry ends.
		_, err = io.Copy(io.Discard, r)
		return err
	})
	return a, err
}

// Header reads the header of the array of the given name, and checks that the
// archive claims to have all of its data.
func (z *NPZ) Header(name string) (*Header, error) {
	var header *Header
	err := z.entry(name, func(_ io.Reader, h *Header, _ *zip.File) error {
		header = h
		return nil
	})
	return header, err
}

// entry opens an entry, reads its header and hands both to use.
func (z *NPZ) entry(name string, use func(io.Reader, *Header, *zip.File) error) error {
	f, place := z.find(name)
	if f == nil {
		return z.missing(name)
	}
	err := z.readEntry(f, use)
	if damaged(err) && !errors.Is(err, ErrFormat) {
		err = badFormat("%w", err)
	}
	if err != nil {
		return fmt.Errorf("npy: %s%s: %w", place, f.Name, err)
	}
	return nil
}

// find returns the entry of a name, nil where there is none, and what stands in front
// of errors about it.
func (z *NPZ) find(name string) (f *zip.File, place string) {
	if f = z.files[name]; f == nil {
		f = z.files[strings.TrimSuffix(name, ".npy")]
	}
	if z.path != "" {
		place = z.path + ": "
	}
	return f, place
}

func (z *NPZ) missing(name string) error {
	_, place := z.find(name)
	return fmt.Errorf("npy: %sno array %q, there are %q: %w", place, name, z.names, fs.ErrNotExist)
}

// damaged says whether an error means that the archive is not what it should
// be, rather than that it could not be read.
func damaged(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrAlgorithm) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt)
}

func (z *NPZ) readEntry(f *zip.File, use func(io.Reader, *Header, *zip.File) error) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	h, err := readHeader(r)
	if err == io.EOF {
		return truncated("an empty entry")
	}
	if err != nil {
		return err
	}
	if f.UncompressedSize64 <= 1<<62 {
		if err := h.checkSize(int64(f.UncompressedSize64)); err != nil {
			return err
		}
	}
	return use(r, h, f)
}

// Close closes the file. The arrays that were read stay as they are.
func (z *NPZ) Close() error {
	if z.file == nil {
		return nil
	}
	if err := z.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}
