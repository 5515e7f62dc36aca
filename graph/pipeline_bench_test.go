package graph

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ndflow/internal/interleave"
	"ndflow/npy"
)

// BenchmarkPipeline compares a producer of batches of 256 rows that runs the
// small network on each and saves the result in a file itself with one that
// submits them to a Pipeline, which does both. "paced" is a producer that brings
// an item whenever one could just have been done in line: the time that a call
// keeps him, median and 99th percentile. "flat-out" is one that waits for
// nothing but room in the queue: the time for all.
func BenchmarkPipeline(b *testing.B) {
	m := load(b, "mlp")
	x := ramp(b, 256, 16)
	dir := b.TempDir()
	save := func(item int, outputs map[string]*npy.Array) error {
		return npy.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.npy", item%64)), outputs["probs"])
	}
	feeds := Feeds{"x": x}
	inLine := func(item int) {
		out, err := m.Run(bg, feeds)
		must(b, err)
		must(b, save(item, out))
	}
	newPipeline := func() *Pipeline[int] {
		p, err := NewPipeline(bg, m, func(int) (Feeds, error) { return feeds, nil },
			func(r Result[int]) error {
				if r.Err != nil {
					return r.Err
				}
				return save(r.Item, r.Outputs)
			}, PipelineOptions{})
		must(b, err)
		return p
	}

	b.Run("paced", func(b *testing.B) {
		p := newPipeline()
		defer p.Close()
		const rounds, items = 21, 50
		var pace time.Duration
		turn := func(do func(item int)) (times []time.Duration) {
			next := time.Now()
			for item := range items {
				for time.Now().Before(next) {
					time.Sleep(20 * time.Microsecond)
				}
				start := time.Now()
				do(item)
				times = append(times, time.Since(start))
				next = next.Add(pace)
			}
			return times
		}
		percentile := func(times []time.Duration, p int) float64 {
			slices.Sort(times)
			return float64(times[len(times)*p/100])
		}
		for range 3 {
			pace = time.Duration(1.5 * percentile(turn(inLine), 50))
		}
		var line, submit []time.Duration
		for range rounds {
			line = append(line, turn(inLine)...)
			submit = append(submit, turn(func(item int) { must(b, p.Submit(bg, item)) })...)
		}
		for _, at := range []int{50, 99} {
			b.ReportMetric(percentile(line, at), fmt.Sprintf("ns/in-line-p%d", at))
			b.ReportMetric(percentile(submit, at)/percentile(line, at), fmt.Sprintf("submit/in-line-p%d", at))
		}
	})

	b.Run("flat-out", func(b *testing.B) {
		interleave.Benchmark(b,
			interleave.Peer{Name: "in-line", Run: func(n int) {
				for item := range n {
					inLine(item)
				}
			}},
			interleave.Peer{Name: "pipeline", Run: func(n int) {
				p := newPipeline()
				for item := range n {
					must(b, p.Submit(bg, item))
				}
				must(b, p.Close())
			}})
	})
}
