package arrowio

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/npy"
)

// BenchmarkConvert compares conversions with a copy of as many bytes. The numbers
// are shared, so theirs does not grow with the size.
func BenchmarkConvert(b *testing.B) {
	const mb = 16
	for _, c := range []struct {
		name string
		a    *npy.Array
	}{
		{"float32", must(npy.New(npy.Float32, mb<<18))},
		{"tensor", must(npy.New(npy.Float32, mb<<10, 16, 16))},
		{"bool", must(npy.New(npy.Bool, mb<<20))},
		{"bfloat16", must(npy.New(npy.BFloat16, mb<<19))},
		{"string", texts(mb << 17)},
	} {
		b.Run(c.name, func(b *testing.B) {
			src := c.a.Bytes()
			if src == nil {
				src = make([]byte, 8*c.a.Len())
			}
			dst := bytes.Clone(src)
			arr := must(ToArrow(c.a))
			defer arr.Release()
			interleave.Benchmark(b,
				interleave.Peer{Name: "memcpy", Run: func(n int) {
					for range n {
						copy(dst, src)
					}
				}},
				interleave.Peer{Name: "to", Run: func(n int) {
					for range n {
						must(ToArrow(c.a)).Release()
					}
				}},
				interleave.Peer{Name: "from", Run: func(n int) {
					for range n {
						must(FromArrow(arr)).Release()
					}
				}})
		})
	}
}

// texts are n strings of eight bytes.
func texts(n int) *npy.Array {
	a := must(npy.New(npy.String, n))
	v := must(npy.Values[string](a))
	for i := range v {
		v[i] = fmt.Sprintf("%08d", i)
	}
	return a
}

// BenchmarkFiles compares writing and reading 32 MB of float32, in batches of
// 4 MB, with the same as .npy. Reading looks at every byte.
func BenchmarkFiles(b *testing.B) {
	a := must(npy.New(npy.Float32, 8<<10, 1<<10))
	for i := range a.Bytes() {
		a.Bytes()[i] = byte(i*i) ^ byte(i>>7)
	}
	dir := b.TempDir()
	plain := filepath.Join(dir, "a.npy")
	writers, readers := []interleave.Peer{{Name: "npy", Run: func(n int) {
		for range n {
			if err := npy.WriteFile(plain, a); err != nil {
				b.Fatal(err)
			}
		}
	}}}, []interleave.Peer{{Name: "npy", Run: func(n int) {
		for range n {
			m := must(npy.Open(plain))
			look(m)
			m.Release()
		}
	}}}
	for _, f := range []struct{ name, ext, codec string }{
		{"arrow", ".arrow", "none"}, {"stream", ".arrows", "none"}, {"arrow-zstd", ".arrow", "zstd"},
		{"parquet", ".parquet", "none"}, {"parquet-snappy", ".parquet", "snappy"},
	} {
		path := filepath.Join(dir, f.name+f.ext)
		writers = append(writers, interleave.Peer{Name: f.name, Run: func(n int) {
			for range n {
				if err := write(path, []string{"x"}, []*npy.Array{a}, 1<<10, Compression(f.codec)); err != nil {
					b.Fatal(err)
				}
			}
		}})
		readers = append(readers, interleave.Peer{Name: f.name, Run: func(n int) {
			for range n {
				r := must(open(path))
				for {
					batch, err := r.Next(1 << 10)
					if err == io.EOF {
						break
					}
					look(must(batch[0], err))
					batch[0].Release()
				}
				r.Close()
			}
		}})
	}
	b.Run("write", func(b *testing.B) { interleave.Benchmark(b, writers...) })
	b.Run("read", func(b *testing.B) { interleave.Benchmark(b, readers...) })
}

var seen uint64

// look reads an array's memory.
func look(a *npy.Array) {
	sum := uint64(0)
	for _, x := range must(npy.Values[float32](a)) {
		if x > 0 {
			sum++
		}
	}
	seen += sum
}
