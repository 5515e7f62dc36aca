package text

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/npy"
	"ndflow/npy/table"
)

// matrix is [n, m] of numbers as models give them.
func matrix(tb testing.TB, n, m int) *npy.Array {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, n*m)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	a, err := npy.From(v, n, m)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// BenchmarkEncode says what JSON and CSV cost beside the digits alone.
func BenchmarkEncode(b *testing.B) {
	for _, m := range []int{4, 1000} {
		a := matrix(b, 40_000/m, m)
		values, _ := npy.Values[float32](a)
		buf := make([]byte, 0, 1<<20)
		b.Run(fmt.Sprintf("%dx%d", a.Dim(0), m), func(b *testing.B) {
			interleave.Benchmark(b,
				interleave.Peer{Name: "digits", Run: func(n int) {
					for range n {
						buf = buf[:0]
						for _, x := range values {
							buf = strconv.AppendFloat(buf, float64(x), 'g', -1, 32)
						}
					}
				}},
				interleave.Peer{Name: "AppendJSON", Run: func(n int) {
					for range n {
						out, err := AppendJSON(buf[:0], a)
						if err != nil {
							b.Fatal(err)
						}
						buf = out
					}
				}},
				interleave.Peer{Name: "WriteJSON", Run: func(n int) {
					for range n {
						if err := WriteJSON(io.Discard, a); err != nil {
							b.Fatal(err)
						}
					}
				}},
				interleave.Peer{Name: "CSV", Run: func(n int) {
					for range n {
						w, err := NewCSVWriter(io.Discard, []table.Column{{DType: npy.Float32, Shape: []int{m}}})
						if err == nil {
							err = w.Write([]*npy.Array{a})
						}
						if err == nil {
							err = w.Commit()
						}
						if err != nil {
							b.Fatal(err)
						}
					}
				}},
				interleave.Peer{Name: "encoding/json", Run: func(n int) {
					rows := make([][]float32, a.Dim(0))
					for i := range rows {
						rows[i] = values[i*m : (i+1)*m]
					}
					for range n {
						if _, err := json.Marshal(rows); err != nil {
							b.Fatal(err)
						}
					}
				}},
			)
		})
	}
}

// BenchmarkDecode says what reading costs beside parsing the digits alone.
func BenchmarkDecode(b *testing.B) {
	a := matrix(b, 1000, 40)
	values, _ := npy.Values[float32](a)
	var words []string
	for _, x := range values {
		words = append(words, strconv.FormatFloat(float64(x), 'g', -1, 32))
	}
	text, err := AppendJSON(nil, a)
	if err != nil {
		b.Fatal(err)
	}
	var lines bytes.Buffer
	w, err := NewCSVWriter(&lines, []table.Column{{DType: npy.Float32, Shape: []int{40}}})
	if err == nil {
		err = w.Write([]*npy.Array{a})
	}
	if err == nil {
		err = w.Commit()
	}
	if err != nil {
		b.Fatal(err)
	}
	readCSV := func(opts ...Option) func(n int) {
		return func(n int) {
			for range n {
				r, err := NewCSVReader(bytes.NewReader(lines.Bytes()), opts...)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := table.ReadAll(r); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	parse := func(opts ...Option) func(n int) {
		return func(n int) {
			for range n {
				if _, err := ParseJSON(text, opts...); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	interleave.Benchmark(b,
		interleave.Peer{Name: "digits", Run: func(n int) {
			for range n {
				for _, w := range words {
					if _, err := strconv.ParseFloat(w, 32); err != nil {
						b.Fatal(err)
					}
				}
			}
		}},
		interleave.Peer{Name: "ParseJSON", Run: parse()},
		interleave.Peer{Name: "ParseJSON-float32", Run: parse(As(npy.Float32))},
		interleave.Peer{Name: "CSV", Run: readCSV()},
		interleave.Peer{Name: "CSV-float32", Run: readCSV(As(npy.Float32))},
		interleave.Peer{Name: "encoding/json", Run: func(n int) {
			for range n {
				var rows [][]float32
				if err := json.Unmarshal(text, &rows); err != nil {
					b.Fatal(err)
				}
			}
		}},
		interleave.Peer{Name: "encoding/csv", Run: func(n int) {
			for range n {
				r := csv.NewReader(bytes.NewReader(lines.Bytes()))
				r.ReuseRecord = true
				for {
					fields, err := r.Read()
					if err == io.EOF {
						break
					}
					for _, f := range fields {
						if _, err := strconv.ParseFloat(f, 32); err != nil {
							b.Fatal(err)
						}
					}
				}
			}
		}},
	)
}
