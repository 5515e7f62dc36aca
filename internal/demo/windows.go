package demo

import (
	"errors"
	"fmt"
	"runtime"

	"ndflow/npy"
)

// The model's measures.
const (
	windowSamples = 43844 // what it hears at once
	windowFrames  = 172   // what it answers
	frameSamples  = 256   // from one frame to the next
	keys          = 88    // of a piano
	lowestPitch   = 21    // MIDI number of the lowest key, A0

	// The model is unsure at a window's edges. So windows overlap by 30
	// frames, and of each overlap a half comes from either window.
	edgeFrames = 15
	keptFrames = windowFrames - 2*edgeFrames
	hopSamples = windowSamples - 2*edgeFrames*frameSamples
)

// Windows cuts audio into the overlapping windows that the model wants, as
// float32 [windows, 43844, 1]. Silence is put before the audio, so that the
// first frame kept is at its beginning, and after it to fill the last window.
func Windows(samples []float32) (*npy.Array, error) {
	if len(samples) == 0 {
		return nil, errors.New("demo: no audio: have 0 samples, want at least 1")
	}
	n := windowsFor(len(samples))
	a, err := npy.New(npy.Float32, n, windowSamples, 1)
	if err != nil {
		return nil, err
	}
	all, err := npy.Values[float32](a)
	if err != nil {
		return nil, err
	}
	for w := range n {
		window := all[w*windowSamples : (w+1)*windowSamples]
		from := w*hopSamples - edgeFrames*frameSamples
		if from < 0 {
			window, from = window[-from:], 0
		}
		copy(window, samples[from:])
	}
	return a, nil
}

// Unwrap joins the model's answers for the windows of so many samples of
// audio: float32 [windows, 172, columns] becomes [frames, columns], without
// what lies past the audio's end.
func Unwrap(out *npy.Array, samples int) (*npy.Array, error) {
	if out.NDim() != 3 || out.Dim(1) != windowFrames {
		return nil, fmt.Errorf("demo: unwrap: have shape %v, want [windows %d columns]", out.Shape(), windowFrames)
	}
	if samples < 1 || out.Dim(0) < windowsFor(samples) {
		return nil, fmt.Errorf("demo: unwrap: have %d windows for %d samples, want %d", out.Dim(0), samples, windowsFor(samples))
	}
	from, err := npy.Values[float32](out)
	if err != nil {
		return nil, fmt.Errorf("demo: unwrap: %w", err)
	}
	columns := out.Dim(2)
	frames := framesIn(samples)
	joined, err := npy.New(npy.Float32, frames, columns)
	if err != nil {
		return nil, err
	}
	to, err := npy.Values[float32](joined)
	if err != nil {
		return nil, err
	}
	for first := 0; first < frames; first += keptFrames {
		window := first / keptFrames
		at := (window*windowFrames + edgeFrames) * columns
		copy(to[first*columns:], from[at:at+keptFrames*columns])
	}
	runtime.KeepAlive(out)
	return joined, nil
}

// frameSeconds returns the time of a frame of joined windows.
//
// A window's frames are 256 samples apart, but windows are not a whole number
// of frames apart: 142 frames are kept of each, and the next begins after 188
// samples less than they take. Frames counted through at 256 samples each
// would be late by 8.5 ms more in every window.
func frameSeconds(frame int) float64 {
	window, rest := frame/keptFrames, frame%keptFrames
	return float64(window*hopSamples+rest*frameSamples) / SampleRate
}

// windowsFor returns how many windows cover the audio with kept frames.
func windowsFor(samples int) int { return (samples + hopSamples - 1) / hopSamples }

// framesIn returns how many frames of joined windows are before the audio's end.
func framesIn(samples int) int {
	full, rest := samples/hopSamples, samples%hopSamples
	return full*keptFrames + (rest+frameSamples-1)/frameSamples
}
