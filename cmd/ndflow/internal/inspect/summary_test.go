package inspect

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"math/cmplx"
	"testing"

	"ndflow/npy"
)

func array[T npy.Element](t *testing.T, values ...T) *npy.Array {
	t.Helper()
	a, err := npy.From(values)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSummarize(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		a    *npy.Array
		want Summary
	}{
		"bool":            {array(t, true, false, true, true), Summary{Min: "0", Max: "1", Mean: "0.75"}},
		"int8":            {array[int8](t, -128, 127), Summary{Min: "-128", Max: "127", Mean: "-0.5"}},
		"int16":           {array[int16](t, -3, 3), Summary{Min: "-3", Max: "3", Mean: "0"}},
		"int32":           {array[int32](t, 7), Summary{Min: "7", Max: "7", Mean: "7"}},
		"int64, extremes": {array[int64](t, math.MaxInt64, math.MinInt64), Summary{Min: "-9223372036854775808", Max: "9223372036854775807", Mean: "0"}},
		"uint8":           {array[uint8](t, 0, 255), Summary{Min: "0", Max: "255", Mean: "127.5"}},
		"uint16":          {array[uint16](t, 65535), Summary{Min: "65535", Max: "65535", Mean: "65535"}},
		"uint32":          {array[uint32](t, 1, 3), Summary{Min: "1", Max: "3", Mean: "2"}},
		"uint64":          {array[uint64](t, math.MaxUint64), Summary{Min: "18446744073709551615", Max: "18446744073709551615", Mean: "1.84467e+19"}},
		"int4":            {array[npy.I4](t, -8, 7), Summary{Min: "-8", Max: "7", Mean: "-0.5"}},
		"uint4":           {array[npy.U4](t, 15, 0), Summary{Min: "0", Max: "15", Mean: "7.5"}},
		"float32":         {array[float32](t, 0.1, 0.3), Summary{Min: "0.1", Max: "0.3", Mean: "0.2"}},
		"float64":         {array(t, 0.1, nan, -0.3), Summary{Min: "-0.3", Max: "0.1", Mean: "-0.1", NaN: 1}},
		"only NaN":        {array(t, nan, nan), Summary{NaN: 2}},
		"infinities":      {array(t, -inf, 1), Summary{Min: "-Inf", Max: "1", Mean: "-Inf"}},
		"float16":         {array(t, npy.F16FromFloat32(0.5), npy.F16FromFloat32(-2)), Summary{Min: "-2", Max: "0.5", Mean: "-0.75"}},
		"bfloat16":        {array(t, npy.BF16FromFloat32(0.5), npy.BF16FromFloat32(float32(nan))), Summary{Min: "0.5", Max: "0.5", Mean: "0.5", NaN: 1}},
		"float8_e4m3fn":   {array(t, npy.F8E4M3FNFromFloat32(448), npy.F8E4M3FNFromFloat32(-1)), Summary{Min: "-1", Max: "448", Mean: "223.5"}},
		"float8_e5m2":     {array(t, npy.F8E5M2FromFloat32(2)), Summary{Min: "2", Max: "2", Mean: "2"}},
		"int2, uint2":     {array[npy.I2](t, -2, 1), Summary{Min: "-2", Max: "1", Mean: "-0.5"}},
		"complex64":       {array[complex64](t, 1+2i, 3), Summary{Mean: "(2+1i)"}},
		"complex128":      {array(t, 1+2i, cmplx.NaN()), Summary{Mean: "(1+2i)", NaN: 1}},
		"none":            {array[float32](t), Summary{}},
		"no complex":      {array[complex64](t), Summary{}},
	} {
		have, err := Summarize(t.Context(), c.a.Blocks())
		if err != nil || have != c.want {
			t.Errorf("%s: have %+v, %v, want %+v", name, have, err, c.want)
		}
	}
	have, err := Summarize(t.Context(), array(t, "", "日本", "abc").Blocks())
	if err != nil || have.Longest == nil || *have.Longest != 6 {
		t.Errorf("strings: have %+v, %v, want longest 6", have, err)
	}
}

// TestSummarizeMany crosses the borders between chunks.
func TestSummarizeMany(t *testing.T) {
	values := make([]float32, 3*chunk+1)
	for i := range values {
		values[i] = 0.1
	}
	values[chunk], values[3*chunk] = -1, 1.2
	have, err := Summarize(t.Context(), array(t, values...).Blocks())
	if err != nil || have.Min != "-1" || have.Max != "1.2" || have.Mean != "0.1" {
		t.Errorf("have %+v, %v", have, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Summarize(ctx, array(t, values...).Blocks()); !errors.Is(err, context.Canceled) {
		t.Errorf("have %v, want %v", err, context.Canceled)
	}
}

func TestNumberJSON(t *testing.T) {
	for n, want := range map[Number]string{
		"1": "1", "-2.5e-07": "-2.5e-07", "9223372036854775807": "9223372036854775807",
		"+Inf": `"+Inf"`, "NaN": `"NaN"`, "(1+2i)": `"(1+2i)"`,
	} {
		if have, err := json.Marshal(n); err != nil || string(have) != want {
			t.Errorf("%s: have %s, %v, want %s", n, have, err, want)
		}
	}
}

// TestSummarizeAll fails when npy has a dtype that is unknown here.
func TestSummarizeAll(t *testing.T) {
	for d := npy.Invalid + 1; d.Valid(); d++ {
		a, err := npy.New(d, 3)
		if err != nil {
			t.Fatal(err)
		}
		have, err := Summarize(t.Context(), a.Blocks())
		if err != nil || have.Mean == "" && have.Longest == nil {
			t.Errorf("%v: have %+v, %v", d, have, err)
		}
	}
}
