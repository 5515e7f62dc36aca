// Package interleave times pieces of work against each other on a machine whose
// speed drifts: in short turns, in random order, compared turn by turn.
package interleave

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Peer is one way of doing the work. Run does it n times.
type Peer struct {
	Name string
	Run  func(n int)
}

const (
	rounds  = 41
	minTurn = 4 * time.Millisecond
)

// Benchmark times the peers and reports each one's time divided by the first
// one's: the median over the rounds as "NAME/FIRST", beside the first one's
// median in ns. The benchmark's own ns/op is that of all rounds and says
// nothing.
func Benchmark(b *testing.B, peers ...Peer) {
	b.Helper()
	Few(b, rounds, peers...)
}

// Few is [Benchmark] in so many rounds, for work that takes seconds.
func Few(b *testing.B, rounds int, peers ...Peer) {
	b.Helper()
	n := make([]int, len(peers))
	for i, p := range peers {
		n[i] = calibrate(p)
	}
	times := make([][]float64, len(peers))
	order := make([]int, len(peers))
	for i := range order {
		order[i] = i
	}
	b.ResetTimer()
	for range rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			start := time.Now()
			peers[i].Run(n[i])
			times[i] = append(times[i], float64(time.Since(start))/float64(n[i]))
		}
	}
	b.ReportMetric(median(times[0]), fmt.Sprintf("ns/%s", peers[0].Name))
	for i := 1; i < len(peers); i++ {
		ratios := make([]float64, rounds)
		for k := range ratios {
			ratios[k] = times[i][k] / times[0][k]
		}
		b.ReportMetric(median(ratios), fmt.Sprintf("%s/%s", peers[i].Name, peers[0].Name))
	}
}

// calibrate warms p up and returns how often to run it in one turn.
func calibrate(p Peer) int {
	p.Run(1) // what is only slow the first time must not look like a whole turn
	for n := 1; ; n *= 2 {
		start := time.Now()
		p.Run(n)
		if time.Since(start) >= minTurn {
			return n
		}
	}
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}
