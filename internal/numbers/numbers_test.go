package numbers

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"ndflow/npy"
)

// TestAllDTypes fails when npy has a dtype that is unknown here.
func TestAllDTypes(t *testing.T) {
	for d := npy.Invalid + 1; d.Valid(); d++ {
		a, err := npy.New(d, 300)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Bytes() {
			if d == npy.Bool || d == npy.Int4 || d == npy.Uint4 || d == npy.Int2 || d == npy.Uint2 {
				a.Bytes()[i] = byte(i & 1)
			} else {
				a.Bytes()[i] = byte(i * 7)
			}
		}
		r, err := Of(a)
		if d == npy.String || d == npy.Complex64 || d == npy.Complex128 {
			if !errors.Is(err, npy.ErrDType) {
				t.Errorf("%v: have %v, want %v", d, err, npy.ErrDType)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", d, err)
			continue
		}
		have := make([]float64, 200)
		r.Read(have, 100)
		for i, want := range values(t, a)[100:] {
			if have[i] != want && (have[i] == have[i] || want == want) {
				t.Fatalf("%v: element %d: have %v, want %v", d, 100+i, have[i], want)
			}
		}
	}
	if _, err := Of(nil); !errors.Is(err, npy.ErrReleased) {
		t.Errorf("have %v, want %v", err, npy.ErrReleased)
	}
}

// values reads an array in another way.
func values(t *testing.T, a *npy.Array) []float64 {
	t.Helper()
	var list []float64
	add := func(x float64) { list = append(list, x) }
	switch a.DType() {
	case npy.Bool, npy.Uint8, npy.Uint4, npy.Uint2:
		each(t, a.Bytes(), func(x uint8) { add(float64(x)) })
	case npy.Int8, npy.Int4, npy.Int2:
		each(t, a.Bytes(), func(x uint8) { add(float64(int8(x))) })
	case npy.Int16:
		of(t, a, func(x int16) { add(float64(x)) })
	case npy.Int32:
		of(t, a, func(x int32) { add(float64(x)) })
	case npy.Int64:
		of(t, a, func(x int64) { add(float64(x)) })
	case npy.Uint16:
		of(t, a, func(x uint16) { add(float64(x)) })
	case npy.Uint32:
		of(t, a, func(x uint32) { add(float64(x)) })
	case npy.Uint64:
		of(t, a, func(x uint64) { add(float64(x)) })
	case npy.Float64:
		of(t, a, add)
	default:
		wide, err := a.AsFloat32()
		if err != nil {
			t.Fatal(err)
		}
		of(t, wide, func(x float32) { add(float64(x)) })
	}
	return list
}

func of[T npy.Element](t *testing.T, a *npy.Array, see func(T)) {
	t.Helper()
	v, err := npy.Values[T](a)
	if err != nil {
		t.Fatal(err)
	}
	each(t, v, see)
}

func each[T any](t *testing.T, list []T, see func(T)) {
	t.Helper()
	for _, x := range list {
		see(x)
	}
}

// TestEach calls for every number once, in whole units.
func TestEach(t *testing.T) {
	for _, c := range []struct{ n, unit, bytes int }{
		{0, 1, 4}, {1, 1, 4}, {1000, 7, 8}, {5_000_000, 1, 8}, {5_000_001, 1000, 1}, {3, 10, 4}, {20, 1, 100 << 20},
	} {
		var sum atomic.Int64
		err := Each(t.Context(), c.n, c.unit, c.bytes, func(worker, lo, hi int) error {
			if worker < 0 || worker >= Workers() || lo%c.unit != 0 || hi%c.unit != 0 && hi != c.n {
				t.Errorf("%+v: have worker %d, %d to %d", c, worker, lo, hi)
			}
			sum.Add(int64(hi - lo))
			return nil
		})
		if err != nil || sum.Load() != int64(c.n) {
			t.Errorf("%+v: have %d, %v", c, sum.Load(), err)
		}
	}
	bad := errors.New("bad")
	if err := Each(t.Context(), 10_000_000, 1, 8, func(_, lo, _ int) error {
		if lo > 0 {
			return bad
		}
		return nil
	}); !errors.Is(err, bad) {
		t.Errorf("have %v, want %v", err, bad)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 10, 1, 8, func(_, _, _ int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v, want %v", err, context.Canceled)
	}
}
