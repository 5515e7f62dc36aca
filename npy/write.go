package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"ndflow/internal/tempfile"
	"strconv"
)

// Write writes one array in the .npy format, row-major, with the bytes that
// NumPy's own save would write. It looks at the option [Strings]. The errors
// are w's own, an [ErrDType] for strings that the layout asked for cannot
// hold, an [ErrShape] for more than 64 dimensions.
//
// The types that NumPy has not are written as it writes those of the ml_dtypes
// package: bfloat16 as "<V2", the types of one byte as "<V1". [As] says how to
// read the latter.
func Write(w io.Writer, a *Array, opts ...Option) error {
	if err := writeArray(w, a, optionsOf(opts)); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// WriteFile is [Write] for a file. The file appears under its name when it is
// complete: until then, and after an error, what was there is untouched and no
// other file is left behind. A path that is a device or a pipe is written to
// directly.
func WriteFile(path string, a *Array, opts ...Option) error {
	if a == nil {
		return fmt.Errorf("npy: %s: nil array", path)
	}
	return writeFile(path, a.Blocks(), optionsOf(opts))
}

func writeFile(path string, b *Blocks, o options) error {
	f, err := tempfile.Create(path, "", nil)
	if err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	defer f.Discard()
	if !f.Direct() {
		err = room(f.File, 0, int64(b.fileSize()))
	}
	if err == nil {
		err = writeBlocks(f.File, b, o)
	}
	if err != nil {
		return fmt.Errorf("npy: %s: %w", path, err)
	}
	if err := f.Commit(); err != nil {
		return fmt.Errorf("npy: %w", err)
	}
	return nil
}

// WriteBlocks is [WriteFile] for an array that is read in blocks: one that is larger than
// memory, if it is not of strings.
func WriteBlocks(path string, b *Blocks, opts ...Option) error {
	return writeFile(path, b, optionsOf(opts))
}

// writeBlocks writes elements as they are read.
func writeBlocks(w io.Writer, b *Blocks, o options) error {
	if b.dtype == String || b.whole != nil {
		a, err := b.Array()
		if err != nil {
			return err
		}
		return writeArray(w, a, o)
	}
	head, err := header(descrOf(b.dtype), b.shape)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	var room Room
	for lo, step := 0, b.Step(); lo < b.n; lo += step {
		part, err := b.elements(lo, min(lo+step, b.n), &room)
		if err != nil {
			return err
		}
		_, err = w.Write(part.data)
		keepAlive(part)
		if err != nil {
			return err
		}
	}
	return nil
}

func writeArray(w io.Writer, a *Array, o options) error {
	if a == nil {
		return fmt.Errorf("nil array")
	}
	defer keepAlive(a)
	if a.released() {
		return ErrReleased
	}
	if a.dtype != String {
		header, err := header(descrOf(a.dtype), a.shape)
		if err != nil {
			return err
		}
		if _, err := w.Write(header); err != nil {
			return err
		}
		_, err = w.Write(a.data)
		return err
	}
	kind, width, err := stringsIn(a.strs, o.strings)
	if err != nil {
		return err
	}
	descr := "|O"
	switch {
	case kind == 'S':
		descr = "|S" + strconv.Itoa(width)
	case kind == 'U' && hostBigEndian:
		descr = ">U" + strconv.Itoa(width)
	case kind == 'U':
		descr = "<U" + strconv.Itoa(width)
	}
	header, err := header(descr, a.shape)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	if kind == 'O' {
		return pickleStrings(w, a.strs, a.shape)
	}
	return writeStrings(w, a.strs, kind, width)
}

// fileSize is the size of an array's file, 0 where writing it will tell.
func (b *Blocks) fileSize() int {
	if b.dtype == String || b.whole != nil && b.whole.released() {
		return 0
	}
	head, err := header(descrOf(b.dtype), b.shape)
	if err != nil {
		return 0
	}
	return len(head) + b.n*b.dtype.Size()
}

// header returns a header of version 1.0, to the byte as NumPy writes it: with
// room for the first dimension to grow to 21 digits, and padded so that the
// data begins at a multiple of [Align].
func header(descr string, shape []int) ([]byte, error) {
	if len(shape) > maxDims {
		return nil, fmt.Errorf("%w: have %d dimensions, want at most %d", ErrShape, len(shape), maxDims)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\x01\x00\x00\x00{'descr': '%s', 'fortran_order': False, 'shape': (", magic, descr)
	for i, d := range shape {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		b.WriteByte(',')
	}
	b.WriteString("), }")
	if len(shape) > 0 {
		b.Write(bytes.Repeat([]byte(" "), 21-len(strconv.Itoa(shape[0]))))
	}
	b.Write(bytes.Repeat([]byte(" "), Align-(b.Len()+1)%Align))
	b.WriteByte('\n')
	binary.LittleEndian.PutUint16(b.Bytes()[8:], uint16(b.Len()-10))
	return b.Bytes(), nil
}
