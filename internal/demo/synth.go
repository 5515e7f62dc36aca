package demo

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// SampleRate is the number of samples in a second of audio, as the model
// wants it.
const SampleRate = 22050

const (
	tailSeconds = 0.7 // silence after the last note
	peak        = 0.9 // the loudest sample of a tune

	attackSeconds  = 0.01 // a plucked string reaches 63% in this time
	releaseSeconds = 0.03 // a stopped one falls to 37% in this time
	ringSeconds    = 3.0  // an open one falls by 60 dB in this time
)

// Synthesize plays the notes on plucked strings: mono, [SampleRate] samples a
// second, within [-1, 1]. The same notes always give the same samples. Notes
// must begin at 0 or later and be within a piano's range.
func Synthesize(notes []Note) []float32 {
	var end float64
	for _, n := range notes {
		end = max(end, n.End)
	}
	mix := make([]float64, samplesIn(end+tailSeconds))
	// Every pluck has its own noise, and every run the same.
	random := rand.New(rand.NewPCG(1824, 5))
	for _, n := range notes {
		from := samplesIn(n.Start)
		for i, v := range pluck(n, random) {
			if from+i < len(mix) {
				mix[from+i] += v
			}
		}
	}
	var loudest float64
	for _, v := range mix {
		loudest = max(loudest, math.Abs(v))
	}
	samples := make([]float32, len(mix))
	if loudest == 0 {
		return samples
	}
	for i, v := range mix {
		samples[i] = float32(peak * v / loudest)
	}
	return samples
}

// pluck returns the sound of one string from the moment it is plucked until
// its end has died away, by the method of Karplus and Strong: one period runs
// round a delay line and is smoothed a little each time.
//
// The pitch is right only if one round takes exactly a period, which is not a
// whole number of samples. Three parts make it up: the delay line (whole
// samples), the smoothing (half a sample) and an all-pass filter (the rest),
// as Jaffe and Smith showed in "Extensions of the Karplus-Strong
// Plucked-String Algorithm" (1983).
func pluck(n Note, random *rand.Rand) []float64 {
	const (
		smoothing = 0.5 // delay in samples of the mean of two neighbours
		minRest   = 0.1 // an all-pass with less delay than this rings by itself
	)
	freq := frequency(n.Pitch)
	period := SampleRate / freq
	whole := math.Floor(period - smoothing - minRest)
	rest := period - smoothing - whole
	w := 2 * math.Pi / period
	allPass := math.Sin(w*(1-rest)/2) / math.Sin(w*(1+rest)/2)
	loss := math.Pow(10, -3/(ringSeconds*freq)) // 60 dB after ringSeconds*freq rounds

	line := excitation(int(whole), random)
	held := samplesIn(n.End - n.Start)
	out := make([]float64, held+samplesIn(7*releaseSeconds))
	attack := math.Exp(-1 / (attackSeconds * SampleRate))
	release := math.Exp(-1 / (releaseSeconds * SampleRate))
	var lastSample, lastSmooth, lastPassed, gain float64
	for i := range out {
		at := i % len(line)
		sample := line[at]
		smooth := (sample + lastSample) / 2
		passed := allPass*(smooth-lastPassed) + lastSmooth
		line[at] = loss * passed
		lastSample, lastSmooth, lastPassed = sample, smooth, passed

		if i < held {
			gain = n.Velocity - attack*(n.Velocity-gain)
		} else {
			gain *= release
		}
		out[i] = gain * sample
	}
	return out
}

// excitation returns what a pluck leaves on the string: the two slopes to
// either side of the finger, roughened by noise and rounded by the finger tip.
// Its mean is zero, since a constant would never die away, and its power one,
// so that the velocity alone says how loud a note is.
func excitation(n int, random *rand.Rand) []float64 {
	const (
		finger    = 0.2 // where the string is plucked, as a part of its length
		roughness = 0.2
		// Of the finger tip; 0 is a plectrum, whose bright attacks the
		// model takes for new starts of the notes that sound on.
		softness = 0.97
	)
	line := make([]float64, n)
	for i := range line {
		line[i] = -finger
		if float64(i) < finger*float64(n) {
			line[i] = 1 - finger
		}
		line[i] += roughness * (2*random.Float64() - 1)
	}
	floats.AddConst(-stat.Mean(line, nil), line)
	// Round the line twice, so that its end meets its beginning.
	var last float64
	for i := range 2 * n {
		last = softness*last + (1-softness)*line[i%n]
		if i >= n {
			line[i-n] = last
		}
	}
	floats.Scale(math.Sqrt(float64(n))/floats.Norm(line, 2), line)
	return line
}

// frequency returns the pitch in Hz; A4, number 69, is 440 Hz.
func frequency(pitch int) float64 { return 440 * math.Pow(2, float64(pitch-69)/12) }

func samplesIn(seconds float64) int { return int(math.Round(seconds * SampleRate)) }
