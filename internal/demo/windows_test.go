package demo

import (
	"fmt"
	"math"
	"testing"

	"ndflow/npy"
)

var audioLengths = []int{
	1, frameSamples, frameSamples + 1,
	hopSamples - 1, hopSamples, hopSamples + 1,
	windowSamples, 3*hopSamples + 12345, 11 * SampleRate,
}

// ramp returns samples whose values are their own numbers, from 1.
func ramp(n int) []float32 {
	samples := make([]float32, n)
	for i := range samples {
		samples[i] = float32(i + 1)
	}
	return samples
}

func TestWindowsHoldTheAudioAndSilence(t *testing.T) {
	for _, n := range audioLengths {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			a, err := Windows(ramp(n))
			if err != nil {
				t.Fatal(err)
			}
			if a.NDim() != 3 || a.Dim(1) != windowSamples || a.Dim(2) != 1 {
				t.Fatalf("have shape %v, want [windows %d 1]", a.Shape(), windowSamples)
			}
			for w := range a.Dim(0) {
				for i, got := range valuesOf(t, a)[w*windowSamples : (w+1)*windowSamples] {
					at := w*hopSamples + i - edgeFrames*frameSamples
					want := float32(at + 1)
					if at < 0 || at >= n {
						want = 0
					}
					if got != want {
						t.Fatalf("window %d, sample %d: have %g, want %g", w, i, got, want)
					}
				}
			}
		})
	}
}

func TestWindowsOfNothing(t *testing.T) {
	if _, err := Windows(nil); err == nil {
		t.Error("have no error")
	}
}

// The stand-in for the model answers each frame with the sample at its time.
// So a joined row tells where in the audio it came from.
func TestUnwrapPutsFramesAtTheirTimes(t *testing.T) {
	for _, n := range audioLengths {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			windows, err := Windows(ramp(n))
			if err != nil {
				t.Fatal(err)
			}
			const columns = 2
			out, err := npy.New(npy.Float32, windows.Dim(0), windowFrames, columns)
			if err != nil {
				t.Fatal(err)
			}
			heard, answer := valuesOf(t, windows), valuesOf(t, out)
			for w := range windows.Dim(0) {
				for frame := range windowFrames {
					at := (w*windowFrames + frame) * columns
					answer[at] = heard[w*windowSamples+frame*frameSamples]
					answer[at+1] = -answer[at]
				}
			}
			joined, err := Unwrap(out, n)
			if err != nil {
				t.Fatal(err)
			}
			if joined.NDim() != 2 || joined.Dim(1) != columns {
				t.Fatalf("have shape %v, want [frames %d]", joined.Shape(), columns)
			}
			got := valuesOf(t, joined)
			for frame := range joined.Dim(0) {
				want := float32(math.Round(frameSeconds(frame)*SampleRate)) + 1
				if got[frame*columns] != want || got[frame*columns+1] != -want {
					t.Fatalf("frame %d: have %v, want [%g %g]", frame, got[frame*columns:(frame+1)*columns], want, -want)
				}
			}
			audioSeconds := float64(n) / SampleRate
			if last := frameSeconds(joined.Dim(0) - 1); last >= audioSeconds {
				t.Errorf("last frame is at %g s, the audio ends at %g s", last, audioSeconds)
			}
			if next := frameSeconds(joined.Dim(0)); next < audioSeconds {
				t.Errorf("a frame at %g s is missing, the audio ends at %g s", next, audioSeconds)
			}
		})
	}
}

func TestUnwrapRefuses(t *testing.T) {
	tests := []struct {
		name    string
		dtype   npy.DType
		shape   []int
		samples int
	}{
		{"too few dimensions", npy.Float32, []int{172, 88}, 1000},
		{"other windows", npy.Float32, []int{1, 171, 88}, 1000},
		{"other dtypes", npy.Float64, []int{1, 172, 88}, 1000},
		{"more audio than windows", npy.Float32, []int{1, 172, 88}, hopSamples + 1},
		{"no audio", npy.Float32, []int{1, 172, 88}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, err := npy.New(test.dtype, test.shape...)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Unwrap(a, test.samples); err == nil {
				t.Error("have no error")
			}
		})
	}
}

func valuesOf(t *testing.T, a *npy.Array) []float32 {
	t.Helper()
	v, err := npy.Values[float32](a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
