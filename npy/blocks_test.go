package npy

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// smallBlocks makes blocks of a few elements, so that small arrays have many.
func smallBlocks(t *testing.T, bytes int) {
	t.Helper()
	block, part, gone := blockBytes, partBytes, span
	blockBytes, partBytes, span = bytes, bytes, 7*bytes
	t.Cleanup(func() { blockBytes, partBytes, span = block, part, gone })
}

// foreign is a file in any order, and the array that is in it.
type foreign struct {
	name string
	file []byte
	want *Array
	opts []Option
}

// fileOf writes an array as it is told to, element by element, with indices rather than
// with what is tested.
func fileOf(a *Array, fortran, big bool, pad int) []byte {
	size, word := a.dtype.Size(), wordSize(a.dtype)
	descr := descrOf(a.dtype)
	width := 0
	if a.dtype == String {
		for _, s := range a.strs {
			width = max(width, len([]rune(s)))
		}
		width = max(width, 1)
		descr, size, word = fmt.Sprintf("<U%d", width), 4*width, 4
	}
	if big {
		descr = ">" + descr[1:]
	}
	n := a.Len()
	data := make([]byte, n*size)
	index := make([]int, len(a.shape))
	for at := range n {
		rest := at
		for i := len(index) - 1; i >= 0; i-- {
			index[i] = rest % a.shape[i]
			rest /= a.shape[i]
		}
		to, step := at, 1
		if fortran {
			to = 0
			for i, k := range index {
				to += k * step
				step *= a.shape[i]
			}
		}
		item := make([]byte, size)
		if a.dtype == String {
			for i, c := range []rune(a.strs[at]) {
				item[4*i], item[4*i+1], item[4*i+2] = byte(c), byte(c>>8), byte(c>>16)
			}
		} else {
			copy(item, a.data[at*size:])
		}
		if big {
			for i := 0; i < size; i += word {
				slices.Reverse(item[i : i+word])
			}
		}
		copy(data[to*size:], item)
	}
	order := "False"
	if fortran {
		order = "True"
	}
	shape := "("
	for _, d := range a.shape {
		shape += fmt.Sprintf("%d, ", d)
	}
	return npyFile(1, dictOf("'"+descr+"'", order, shape+")")+strings.Repeat(" ", pad), data)
}

// randomForeign makes an array of any dtype and shape, and a file of it.
func randomForeign(r *rand.Rand) foreign {
	dtype := DType(1 + r.IntN(int(numDTypes)-1))
	shape := make([]int, r.IntN(6))
	for i := range shape {
		shape[i] = []int{0, 1, 2, 3, 5, 8, 40}[min(6, 1+r.IntN(8-len(shape)))]
		if r.IntN(30) == 0 {
			shape[i] = 0
		}
	}
	a := must(New(dtype, shape...))
	for i := range a.data {
		a.data[i] = byte(r.Uint32())
		if dtype == Bool {
			a.data[i] &= 1
		}
	}
	for i := range a.strs {
		a.strs[i] = []string{"", "a", "é", "long one", "漢字", "z\U0001F600"}[r.IntN(6)]
	}
	f := foreign{want: a}
	fortran, big, pad := r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(3)
	big = big && (dtype.Size() > 1 || dtype == String) && dtype != BFloat16
	f.file = fileOf(a, fortran, big, pad)
	if descrOf(dtype) == "<V1" {
		f.opts = []Option{As(dtype)}
	}
	f.name = fmt.Sprintf("%v %v fortran %v big %v pad %d", dtype, shape, fortran, big, pad)
	return f
}

// TestBlocksAreTheArray reads files of every order in blocks of odd sizes.
func TestBlocksAreTheArray(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	n := 500
	if testing.Short() {
		n = 100
	}
	for i := range n {
		smallBlocks(t, 1+r.IntN(300))
		f := randomForeign(r)
		path := filepath.Join(dir, fmt.Sprint(i%7, ".npy"))
		if err := os.WriteFile(path, f.file, 0o666); err != nil {
			t.Fatal(err)
		}
		zipped := filepath.Join(dir, fmt.Sprint(i%7, ".npz"))
		method := []uint16{zip.Store, zip.Deflate}[r.IntN(2)]
		if err := os.WriteFile(zipped, archive(method, "a.npy", f.file), 0o666); err != nil {
			t.Fatal(err)
		}
		z := must(OpenNPZ(zipped))
		memory := must(NewNPZ(bytes.NewReader(archive(method, "a.npy", f.file)), int64(len(archive(method, "a.npy", f.file)))))
		for way, open := range map[string]func() (*Blocks, error){
			"file":    func() (*Blocks, error) { return OpenBlocks(path, f.opts...) },
			"archive": func() (*Blocks, error) { return z.Blocks("a", f.opts...) },
			"memory":  func() (*Blocks, error) { return memory.Blocks("a", f.opts...) },
		} {
			b, err := open()
			if err != nil {
				t.Fatalf("seed %d: %s, %s: %v", seed, f.name, way, err)
			}
			if err := checkBlocks(r, b, f.want); err != nil {
				t.Fatalf("seed %d: %s, method %d, %s: %v", seed, f.name, method, way, err)
			}
			b.Release()
		}
		for way, read := range map[string]func() (*Array, error){
			"Read":     func() (*Array, error) { return Read(struct{ io.Reader }{bytes.NewReader(f.file)}, f.opts...) },
			"ReadFile": func() (*Array, error) { return ReadFile(path, f.opts...) },
			"Open":     func() (*Array, error) { return Open(path, f.opts...) },
			"NPZ.Read": func() (*Array, error) { return z.Read("a", f.opts...) },
			"NewRows":  func() (*Array, error) { return allRows(r, path, f) },
			"WriteBlocks": func() (*Array, error) {
				b := must(OpenBlocks(path, f.opts...))
				defer b.Release()
				if err := WriteBlocks(path+".copy", b); err != nil {
					return nil, err
				}
				return ReadFile(path+".copy", f.opts...)
			},
		} {
			a, err := read()
			if err != nil || !equal(a, f.want) {
				t.Fatalf("seed %d: %s, %s: have %v, %v\nwant %v", seed, f.name, way, a, err, f.want)
			}
		}
		z.Close()
	}
}

// allRows reads a file with a RowReader, of a file and of a pipe.
func allRows(r *rand.Rand, path string, f foreign) (*Array, error) {
	if f.want.NDim() == 0 {
		return f.want, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	n := 1 + r.IntN(9)
	var all *Array
	for _, from := range []io.Reader{file, struct{ io.Reader }{bytes.NewReader(f.file)}} {
		rows, err := NewRows(from, f.opts...)
		if err != nil {
			return nil, err
		}
		if all, err = New(f.want.dtype, f.want.shape...); err != nil {
			return nil, err
		}
		for at := 0; ; {
			part, err := rows.Next(n)
			if err == io.EOF {
				break
			}
			if err != nil {
				return nil, err
			}
			if _, err := must(all.Slice(at, at+part.Dim(0))).Land(part); err != nil {
				return nil, err
			}
			at += part.Dim(0)
		}
		if err := rows.Close(); err != nil {
			return nil, err
		}
		if !equal(all, f.want) {
			break
		}
	}
	return all, nil
}

// checkBlocks reads blocks in several ways.
func checkBlocks(r *rand.Rand, b *Blocks, want *Array) error {
	if b.DType() != want.dtype || !slices.Equal(b.Shape(), want.shape) || b.Len() != want.Len() {
		return fmt.Errorf("have %v %v", b.DType(), b.Shape())
	}
	flat := must(want.Reshape(want.Len()))
	var room Room
	for lo := 0; lo < b.Len(); {
		hi := min(lo+b.Step(), lo+1+r.IntN(b.Step()), b.Len())
		part, err := b.Elements(lo, hi, &room)
		if err != nil || !equal(part, must(flat.Slice(lo, hi))) {
			return fmt.Errorf("elements %d to %d: have %v, %v", lo, hi, part, err)
		}
		lo = hi
	}
	for range 5 { // anywhere
		lo := r.IntN(b.Len() + 1)
		hi := lo + r.IntN(b.Len()-lo+1)
		part, err := b.Elements(lo, hi, nil)
		if err != nil || !equal(part, must(flat.Slice(lo, hi))) {
			return fmt.Errorf("elements %d to %d: have %v, %v", lo, hi, part, err)
		}
		if want.NDim() == 0 {
			continue
		}
		lo = r.IntN(want.shape[0] + 1)
		hi = lo + r.IntN(want.shape[0]-lo+1)
		part, err = b.Rows(lo, hi)
		if err != nil || !equal(part, must(want.Slice(lo, hi))) {
			return fmt.Errorf("rows %d to %d: have %v, %v", lo, hi, part, err)
		}
	}
	if a, err := b.Array(); err != nil || !equal(a, want) {
		return fmt.Errorf("all: have %v, %v", a, err)
	}
	if _, err := b.Elements(0, b.Len()+1, nil); !errors.Is(err, ErrRange) {
		return fmt.Errorf("have %v, want ErrRange", err)
	}
	return nil
}

// TestBlocksOfNumPysFiles reads what NumPy wrote.
func TestBlocksOfNumPysFiles(t *testing.T) {
	_, m := fixtures(t)
	r := rand.New(rand.NewPCG(1, 2))
	smallBlocks(t, 48)
	for _, f := range m.Arrays {
		b, err := OpenBlocks(f.path(), f.options(t)...)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		a, err := b.Array()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		f.check(t, a)
		if err := checkBlocks(r, b, must(a.Clone())); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		b.Release()
	}
}
