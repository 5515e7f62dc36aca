package npy

import (
	"archive/zip"
	"bytes"
	stdflate "compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"ndflow/internal/interleave"
	"ndflow/internal/scripttest"
)

// What is deflated in parts of any size is inflated to what it was, by the standard
// library, which is not what deflates it.
func TestDeflaterIsReadByOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	all := make([]byte, 5*deflateBlock+777)
	for i := range all {
		all[i] = byte(r.IntN(1 + i>>18)) // harder and harder
	}
	copy(all[3*deflateBlock-100:], all[3*deflateBlock-20_000:3*deflateBlock-19_800]) // across a border
	for _, n := range []int{0, 1, 100, deflateWindow, deflateBlock - 1, deflateBlock, deflateBlock + 1, 3*deflateBlock + 5, len(all)} {
		for _, part := range []int{1 << 30, deflateBlock, 100_001, 300} {
			var out bytes.Buffer
			d := newDeflater(&out)
			for rest := all[:n]; len(rest) > 0; {
				p := bytes.Clone(rest[:min(part, len(rest))])
				if k, err := d.Write(p); k != len(p) || err != nil {
					t.Fatal(k, err)
				}
				clear(p) // is the caller's again
				rest = rest[len(p):]
			}
			if err := d.Close(); err != nil {
				t.Fatal(err)
			}
			back, err := io.ReadAll(stdflate.NewReader(bytes.NewReader(out.Bytes())))
			if err != nil || !bytes.Equal(back, all[:n]) {
				t.Fatalf("%d bytes in parts of %d: have %d bytes, %v", n, part, len(back), err)
			}
			if err := iotest.TestReader(stdflate.NewReader(&out), all[:n]); n < deflateWindow && err != nil {
				t.Error(err)
			}
		}
	}
}

// Blocks refer to what is before them: of a pattern that repeats, all but the first
// block is next to nothing.
func TestDeflaterSeesThroughBorders(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	pattern := make([]byte, 20_000)
	for i := range pattern {
		pattern[i] = byte(r.Uint32())
	}
	all := bytes.Repeat(pattern, 4*deflateBlock/len(pattern))
	var out bytes.Buffer
	d := newDeflater(&out)
	if _, err := d.Write(all); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if most := 2 * len(pattern); out.Len() > most {
		t.Errorf("have %d bytes, want at most %d", out.Len(), most)
	}
}

// Floats that never repeat lose what their exponents' bytes have in common.
func TestDeflaterMakesFloatsSmaller(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	x := must(New(Float32, deflateBlock/2))
	for i, v := 0, must(Values[float32](x)); i < len(v); i++ {
		v[i] = float32(r.NormFloat64())
	}
	var out, standard bytes.Buffer
	d, s := newDeflater(&out), must(stdflate.NewWriter(&standard, stdflate.DefaultCompression))
	for _, w := range []io.WriteCloser{d, s} {
		if err := Write(w, x); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if out.Len() > standard.Len()+standard.Len()/1000 {
		t.Errorf("have %d bytes, the standard library has %d", out.Len(), standard.Len())
	}
}

func TestDeflaterErrorsComeBack(t *testing.T) {
	boom := errors.New("boom")
	for after := range 3 {
		d := newDeflater(&failingWriter{after, boom})
		var err error
		for range 8 {
			if _, e := d.Write(make([]byte, deflateBlock+1)); e != nil {
				err = e
			}
		}
		if closed := d.Close(); !errors.Is(err, boom) || !errors.Is(closed, boom) {
			t.Errorf("after %d writes: have %v, and %v on Close", after, err, closed)
		}
	}
}

// NumPy, and Python's zipfile, which looks at the checksums, read arrays of many blocks.
func TestNumPyReadsDeflatedBlocks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.npz")
	w := must(CreateNPZ(path, Compress()))
	defer w.Abort()
	x := must(New(Float32, 700_000))
	for i, v := 0, must(Values[float32](x)); i < len(v); i++ {
		v[i] = float32(i % 1000)
	}
	words := make([]string, 50_000)
	for i := range words {
		words[i] = "word"[:i%5]
	}
	for name, a := range map[string]*Array{"x": x, "words": must(From(words)), "one": Scalar(int8(3)), "none": must(New(Int64, 0))} {
		if err := w.Write(name, a); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const check = `
import sys, zipfile, numpy as np
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
z = np.load(sys.argv[1])
assert np.array_equal(z["x"], (np.arange(700000) % 1000).astype("f4"))
assert list(z["words"]) == ["word"[:i % 5] for i in range(50000)]
assert z["one"] == 3 and z["none"].shape == (0,)
`
	scripttest.NumPy.Run(t, "-c", check, path)
	if info := must(os.Stat(path)); info.Size() > 200_000 {
		t.Errorf("the archive has %d bytes", info.Size())
	}
	if back := must(must(OpenNPZ(path)).Read("x")); !equal(back, x) {
		t.Error("it is read as something else")
	}
}

// BenchmarkDeflate compares deflating an array of 32 MB on all cores with the standard
// library on one of them, which NPZWriter had before.
func BenchmarkDeflate(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float32{
		"normal":  func() float32 { return float32(r.NormFloat64()) },
		"integer": func() float32 { return float32(r.IntN(200)) },
	} {
		b.Run(name, func(b *testing.B) {
			x := must(New(Float32, 8<<20))
			for i, v := 0, must(Values[float32](x)); i < len(v); i++ {
				v[i] = draw()
			}
			size := map[string]int64{}
			peer := func(name string, compressor zip.Compressor) interleave.Peer {
				return interleave.Peer{Name: name, Run: func(n int) {
					for range n {
						out := new(counting)
						z := zip.NewWriter(out)
						if compressor != nil {
							z.RegisterCompressor(zip.Deflate, compressor)
						}
						w := must(z.Create("x.npy"))
						if err := Write(w, x); err != nil {
							b.Fatal(err)
						}
						if err := z.Close(); err != nil {
							b.Fatal(err)
						}
						size[name] = int64(*out)
					}
				}}
			}
			interleave.Few(b, 5,
				peer("all-cores", func(w io.Writer) (io.WriteCloser, error) { return newDeflater(w), nil }),
				peer("standard-library", nil),
			)
			b.ReportMetric(float64(size["all-cores"])/float64(size["standard-library"]), "size")
		})
	}
}

type counting int64

func (c *counting) Write(p []byte) (int, error) {
	*c += counting(len(p))
	return len(p), nil
}
