package data

import (
	"fmt"
	"io"
	"os"
	"testing"

	"ndflow/internal/interleave"
	"ndflow/internal/memory"
	"ndflow/npy"
)

// BenchmarkDataset goes through a file of 1.2 GB in batches of 256 rows, of 64 bytes
// and of 4000: landing each batch in an array, and looking at it where it lies,
// against reading the file once. What works row by row is measured on a part of it,
// and so is Python's tf.data, which reads that into memory beforehand.
func BenchmarkDataset(b *testing.B) {
	const elements = 300_000_000
	path := bigFile(b, elements/1000, 1000)
	file, err := npy.Open(path)
	must(b, err)
	defer file.Release()
	c := newContext(b)
	read := interleave.Peer{Name: "read", Run: func(n int) {
		for range n {
			f, err := os.Open(path)
			must(b, err)
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
			must(b, err)
			f.Close()
		}
	}}
	for _, width := range []int{16, 1000} {
		b.Run(fmt.Sprintf("%dB", 4*width), func(b *testing.B) {
			x, err := file.Reshape(elements/width, width)
			must(b, err)
			dst := counting(b, 256, width)
			peer := func(name string, part int, d func(x *npy.Array) Dataset) interleave.Peer {
				x, err := x.Slice(0, x.Dim(0)/part)
				must(b, err)
				if part > 1 {
					name += fmt.Sprintf("-x%d", part)
				}
				return interleave.Peer{Name: name, Run: func(n int) {
					for range n {
						for _, err := range d(x).Into(bg, dst) {
							must(b, err)
						}
					}
				}}
			}
			batches := func(x *npy.Array) Dataset { return FromArrays(c, x).Batch(256) }
			into := peer("into", 1, batches)
			python := interleave.Python(b, pythonBatches, path, fmt.Sprint(width))
			anonymous := memory.Watch(b, memory.Anonymous)
			into.Run(1)
			rise := anonymous()
			interleave.Benchmark(b, read, into,
				interleave.Peer{Name: "all", Run: func(n int) {
					for range n {
						for _, err := range batches(x).All(bg) {
							must(b, err)
						}
					}
				}},
				peer("gathered", 20, func(x *npy.Array) Dataset { return FromArrays(c, x).Skip(0).Batch(256) }),
				peer("shuffled", 20, func(x *npy.Array) Dataset { return FromArrays(c, x).Shuffle(10_000, 1).Batch(256) }),
				python("python-x20", "batches"))
			b.ReportMetric(float64(rise)/(1<<20), "MiB-anonymous/into")
		})
	}
}

const pythonBatches = `
x = np.load(sys.argv[1], mmap_mode="r").reshape(-1, int(sys.argv[2]))
d = tf.data.Dataset.from_tensor_slices(x[:len(x) // 20]).batch(256)

def batches():
    for x in d:
        x.numpy()

serve({"batches": batches})
`
