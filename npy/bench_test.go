package npy

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// sparseFile makes a .npy file of n float32 that takes no disk space.
func sparseFile(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "x.npy")
	head, err := header("<f4", []int{n})
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(path, head, 0o666); err != nil {
		b.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head)+4*n)); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkOpen shows that opening a file takes the same time for every size.
func BenchmarkOpen(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"4KB", 4 << 10}, {"1MB", 1 << 20}, {"64MB", 64 << 20}, {"1GB", 1 << 30}} {
		b.Run(size.name, func(b *testing.B) {
			path := sparseFile(b, size.bytes/4)
			b.ReportAllocs()
			for b.Loop() {
				a, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				a.Release()
			}
		})
	}
}

func BenchmarkReadFile(b *testing.B) {
	for _, mb := range []int{1, 64} {
		path := filepath.Join(b.TempDir(), "x.npy")
		if err := WriteFile(path, must(New(Float32, mb<<18))); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%dMB", mb), func(b *testing.B) {
			b.SetBytes(int64(mb << 20))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ReadFile(path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriteFile(b *testing.B) {
	for _, mb := range []int{1, 64} {
		path := filepath.Join(b.TempDir(), "x.npy")
		a := must(New(Float32, mb<<18))
		b.Run(fmt.Sprintf("%dMB", mb), func(b *testing.B) {
			b.SetBytes(int64(mb << 20))
			b.ReportAllocs()
			for b.Loop() {
				if err := WriteFile(path, a); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRead reads from memory, in the orders that need work.
func BenchmarkRead(b *testing.B) {
	const rows, cols = 1024, 4096
	data := make([]byte, 4*rows*cols)
	for _, c := range []struct{ name, descr, fortran string }{
		{"native", "'<f4'", "False"}, {"big-endian", "'>f4'", "False"}, {"fortran", "'<f4'", "True"},
	} {
		file := npyFile(1, dictOf(c.descr, c.fortran, fmt.Sprintf("(%d, %d)", rows, cols)), data)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Read(bytes.NewReader(file)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+" of unknown length", func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Read(struct{ io.Reader }{bytes.NewReader(file)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkStrings(b *testing.B) {
	strs := make([]string, 100_000)
	for i := range strs {
		strs[i] = fmt.Sprintf("string number %06d", i)
	}
	a := must(From(strs))
	for name, layout := range map[string]StringLayout{"U": Unicode, "S": FixedBytes, "O": Objects} {
		var buf bytes.Buffer
		b.Run("write "+name, func(b *testing.B) {
			b.SetBytes(20 * 100_000)
			b.ReportAllocs()
			for b.Loop() {
				buf.Reset()
				if err := Write(&buf, a, Strings(layout)); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("read "+name, func(b *testing.B) {
			b.SetBytes(20 * 100_000)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(bytes.NewReader(buf.Bytes())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkConvert(b *testing.B) {
	wide := must(New(Float32, 1<<20))
	for i, v := range must(Values[float32](wide)) {
		must(Values[float32](wide))[i] = v + float32(i)/1000
	}
	for _, dtype := range []DType{Float16, BFloat16, Float8E4M3FN} {
		narrow := must(wide.Narrow(dtype))
		b.Run("Narrow/"+dtype.String(), func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				must(wide.Narrow(dtype))
			}
		})
		b.Run("AsFloat32/"+dtype.String(), func(b *testing.B) {
			b.SetBytes(4 << 20)
			for b.Loop() {
				must(narrow.AsFloat32())
			}
		})
	}
}

func BenchmarkString(b *testing.B) {
	a := must(New(Float64, 1000, 1000))
	b.ReportAllocs()
	for b.Loop() {
		_ = a.String()
	}
}
