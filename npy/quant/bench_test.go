package quant_test

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"ndflow/eager"
	"ndflow/internal/interleave"
	"ndflow/npy"
	"ndflow/npy/quant"
	"ndflow/ops"
)

// BenchmarkQuantize compares quantizing 256 MB of float32 with copying it, on all
// cores, and with TensorFlow's own op.
func BenchmarkQuantize(b *testing.B) {
	const rows, columns = 64 << 10, 1 << 10
	x := get(npy.New(npy.Float32, rows, columns))(b)
	v, r := values[float32](b, x), rand.New(rand.NewPCG(1, 2))
	for i := range v[:1<<20] {
		v[i] = float32(r.NormFloat64())
	}
	for i := 1 << 20; i < len(v); i *= 2 {
		copy(v[i:], v[:i])
	}
	other, dst := make([]float32, len(v)), get(npy.New(npy.Int8, rows, columns))(b)
	cores := runtime.GOMAXPROCS(0)
	duplicate := func() {
		var wait sync.WaitGroup
		for c := range cores {
			wait.Go(func() { copy(other[c*len(v)/cores:(c+1)*len(v)/cores], v[c*len(v)/cores:]) })
		}
		wait.Wait()
	}
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	into := func(c quant.Config) func() {
		channels := 1
		if c.PerChannel {
			channels = columns
		}
		lo, hi := make([]float32, channels), make([]float32, channels)
		for i := range lo {
			lo[i], hi[i] = -5, 5
		}
		p := get(c.Range(lo, hi))(b)
		return func() { must(p.QuantizeInto(dst, x)) }
	}
	whole := func(c quant.Config) func() {
		return func() {
			o := get(quant.NewObserver(c))(b)
			must(o.Observe(x))
			must(get(o.Params())(b).QuantizeInto(dst, x))
		}
	}
	back := get(npy.New(npy.Float32, rows, columns))(b)
	q := get(quant.Quantize(x, quant.Config{}))(b)

	ec := get(eager.New())(b)
	defer ec.Close()
	tensor := func(a *npy.Array) *eager.Tensor {
		t := get(ec.Tensor(a))(b)
		b.Cleanup(t.Close)
		return t
	}
	op := ec.Op("QuantizeV2").Input(tensor(x), tensor(npy.Scalar(float32(-5))), tensor(npy.Scalar(float32(5)))).
		Type("T", ops.TypeName("qint8")).String("mode", "SCALED").String("round_mode", "HALF_TO_EVEN").Float("ensure_minimum_range", 0)
	defer op.Close()
	out := []*eager.Tensor{get(ec.Empty())(b), get(ec.Empty())(b), get(ec.Empty())(b)}
	for _, t := range out {
		defer t.Close()
	}
	peer := func(name string, f func()) interleave.Peer {
		return interleave.Peer{Name: name, Run: func(n int) {
			for range n {
				f()
			}
		}}
	}
	interleave.Benchmark(b,
		peer("copy", duplicate),
		peer("known-range", into(quant.Config{})),
		peer("half-away", into(quant.Config{Rounding: quant.HalfAwayFromZero})),
		peer("per-channel", into(quant.Config{PerChannel: true, Axis: -1})),
		peer("own-range", whole(quant.Config{})),
		peer("own-range-per-channel", whole(quant.Config{PerChannel: true, Axis: -1, Scheme: quant.Affine})),
		peer("dequantize", func() { must(q.Into(back)) }),
		peer("QuantizeV2", func() { must(op.RunTo(out...)) }),
	)
}
