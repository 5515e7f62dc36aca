package demo

import (
	"math"
	"math/cmplx"
	"slices"
	"testing"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/dsp/window"
)

func TestStringsAreInTune(t *testing.T) {
	const tolerance = 5 // cents; trained listeners begin to hear it
	for pitch := 36; pitch <= 96; pitch++ {
		n := Note{End: 1, Pitch: pitch, Velocity: 1}
		want := frequency(pitch)
		got := strongestNear(Synthesize([]Note{n})[:SampleRate], want)
		cents := 1200 * math.Log2(got/want)
		if math.Abs(cents) > tolerance {
			t.Errorf("%s: have %.2f Hz, want %.2f Hz: %+.1f cents", n.Name(), got, want, cents)
		}
	}
}

// strongestNear returns the frequency within a semitone of freq where the
// samples' spectrum is strongest.
func strongestNear(samples []float32, freq float64) float64 {
	const size = 1 << 18 // a bin is 0.08 Hz, 2 cents of the lowest note
	padded := make([]float64, size)
	for i, v := range samples {
		padded[i] = float64(v)
	}
	window.Hann(padded[:len(samples)])
	spectrum := fourier.NewFFT(size).Coefficients(nil, padded)
	bin := func(f float64) int { return int(f * size / SampleRate) }
	low := bin(freq * math.Pow(2, -1./12))
	strongest := low
	for i := low; i <= bin(freq*math.Pow(2, 1./12)); i++ {
		if cmplx.Abs(spectrum[i]) > cmplx.Abs(spectrum[strongest]) {
			strongest = i
		}
	}
	return float64(strongest) * SampleRate / size
}

func TestSynthesizeTune(t *testing.T) {
	notes := Tune()
	samples := Synthesize(notes)
	if !slices.Equal(samples, Synthesize(notes)) {
		t.Error("two calls gave different samples")
	}
	if seconds := len(samples) / SampleRate; seconds < 10 || seconds > 15 {
		t.Errorf("have %d s, want 10 to 15", seconds)
	}
	loudest := loudness(samples)
	if math.Abs(loudest-peak) > 1e-6 {
		t.Errorf("loudest sample: have %g, want %g", loudest, peak)
	}
	if lead := loudness(samples[:samplesIn(leadSeconds)]); lead != 0 {
		t.Errorf("before the first note: have %g, want silence", lead)
	}
	if tail := loudness(samples[len(samples)-SampleRate/10:]); tail != 0 {
		t.Errorf("after the last note: have %g, want silence", tail)
	}
}

func TestNoteSoundsFromStartToEnd(t *testing.T) {
	samples := Synthesize([]Note{{Start: 0.5, End: 1, Pitch: 60, Velocity: 0.5}})
	tests := []struct {
		name     string
		from, to float64 // seconds
		low, top float64 // bounds of loudness
	}{
		{"silent before", 0, 0.5, 0, 0},
		{"loud at the start", 0.5, 0.55, peak - 1e-6, peak + 1e-6},
		{"ringing at the end", 0.95, 1, 0.1, peak},
		{"stopped soon after", 1.15, 1.2, 0, 0.01},
		{"silent at last", 1.3, 1.6, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := loudness(samples[samplesIn(test.from):samplesIn(test.to)])
			if got < test.low || got > test.top {
				t.Errorf("loudest sample: have %g, want %g to %g", got, test.low, test.top)
			}
		})
	}
}

func TestVelocitySetsLoudness(t *testing.T) {
	samples := Synthesize([]Note{
		{Start: 0, End: 0.5, Pitch: 60, Velocity: 1},
		{Start: 1, End: 1.5, Pitch: 60, Velocity: 0.5},
	})
	first, second := loudness(samples[:SampleRate]), loudness(samples[SampleRate:])
	if ratio := second / first; math.Abs(ratio-0.5) > 0.1 {
		t.Errorf("half the velocity: have %.2f of the loudness, want about 0.5", ratio)
	}
}

func TestNoNotesAreSilence(t *testing.T) {
	if got := loudness(Synthesize(nil)); got != 0 {
		t.Errorf("loudest sample: have %g, want 0", got)
	}
}

func loudness(samples []float32) float64 {
	var loudest float64
	for _, v := range samples {
		loudest = max(loudest, math.Abs(float64(v)))
	}
	return loudest
}
