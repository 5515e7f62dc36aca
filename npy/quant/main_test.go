package quant_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"ndflow/internal/leaktest"
	"ndflow/npy"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	leaktest.Main(m, tfc.CheckLeaks)
}

// get returns v, and fails the test on an error.
func get[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func from[T npy.Element](t testing.TB, v []T, shape ...int) *npy.Array {
	t.Helper()
	return get(npy.From(v, shape...))(t)
}

func values[T npy.Element](t testing.TB, a *npy.Array) []T {
	t.Helper()
	return get(npy.Values[T](a))(t)
}

// random returns a generator whose seed is printed where the test fails.
func random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// floats returns n floats as weights are, with some that are hard to round.
func floats(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		switch r.IntN(8) {
		case 0:
			v[i] = float32(r.IntN(600)-300) / 2 // halves
		case 1:
			v[i] = math.Nextafter32(float32(r.IntN(1+r.IntN(300))-r.IntN(150))+0.5, float32(r.IntN(3)-1)*1e9)
		case 2:
			v[i] = 0
		case 3:
			v[i] = float32(math.Exp(40*r.NormFloat64())) * float32(1-2*r.IntN(2))
			if a := math.Abs(float64(v[i])); a < 1e-30 || a > 1e30 {
				v[i] = 1
			}
		default:
			v[i] = 50 * float32(r.NormFloat64())
		}
	}
	return v
}
