package demo

import (
	"fmt"
	"runtime"
	"slices"

	"ndflow/npy"
)

// The thresholds, as basic-pitch's authors set them.
const (
	onsetThreshold = 0.5 // a note begins
	noteThreshold  = 0.3 // a note sounds on
	gapFrames      = 11  // a note may be weaker for fewer frames than this
	shortestFrames = 11  // a note is longer than this: 128 ms
)

// Decode turns the model's joined answers, both float32 [frames, 88], into
// notes, sorted by start. note says how surely each key sounds in each frame,
// onset how surely it was struck in that frame; the velocity of a note is the
// mean of the former over its length.
//
// It takes two passes. Where an onset peaks, a note begins and lasts while its
// key sounds. What then still sounds began without a clear onset, and is taken
// from the strongest frame down. Either way a note uses up what its key and
// the keys beside it hold while it lasts, since a tone also shows there.
func Decode(note, onset *npy.Array) ([]Note, error) {
	sounding, err := newGram("note", note)
	if err != nil {
		return nil, err
	}
	struck, err := newGram("onset", onset)
	if err != nil {
		return nil, err
	}
	if struck.frames != sounding.frames {
		return nil, fmt.Errorf("demo: decode: have %d frames of notes and %d of onsets, want as many", sounding.frames, struck.frames)
	}
	d := decoder{sounding: sounding, unused: sounding.clone()}
	d.takeOnsets(withRises(struck, sounding))
	d.takeRest()
	runtime.KeepAlive(note)
	runtime.KeepAlive(onset)
	sortNotes(d.notes)
	return d.notes, nil
}

type decoder struct {
	sounding gram
	unused   gram // sounding, less what the notes found so far explain
	notes    []Note
}

// takeOnsets finds the notes that begin at a peak of struck, the last ones
// first: so a note ends where the next one on its key begins, whose frames are
// used up by then.
func (d *decoder) takeOnsets(struck gram) {
	for frame := struck.frames - 1; frame >= 0; frame-- {
		for key := keys - 1; key >= 0; key-- {
			v := struck.at(frame, key)
			isPeak := v > struck.at(frame-1, key) && v >= struck.at(frame+1, key)
			if isPeak && v >= onsetThreshold {
				d.take(frame, d.follow(frame, key, 1)+1, key)
			}
		}
	}
}

// takeRest finds notes around the strongest frames that are left, forwards
// and backwards in time.
func (d *decoder) takeRest() {
	for {
		frame, key := d.unused.strongest()
		if d.unused.at(frame, key) <= noteThreshold {
			return
		}
		start, end := d.follow(frame, key, -1), d.follow(frame, key, 1)+1
		if !d.take(start, end, key) {
			d.use(start, end, key) // too short; do not find it again
		}
	}
}

// follow walks from a frame to later frames (step 1) or earlier ones (-1) and
// returns the last in which the key still sounds, over short gaps.
func (d *decoder) follow(frame, key, step int) int {
	last := frame
	for gap := 0; gap < gapFrames; gap++ {
		frame += step
		if frame < 0 || frame >= d.unused.frames {
			break
		}
		if d.unused.at(frame, key) >= noteThreshold {
			last, gap = frame, -1
		}
	}
	return last
}

// take adds the note, unless it is too short, and uses its frames up.
func (d *decoder) take(start, end, key int) bool {
	if end-start <= shortestFrames {
		return false
	}
	var sum float64
	for frame := start; frame < end; frame++ {
		sum += float64(d.sounding.at(frame, key))
	}
	d.use(start, end, key)
	d.notes = append(d.notes, Note{
		Start:    frameSeconds(start),
		End:      frameSeconds(end),
		Pitch:    lowestPitch + key,
		Velocity: sum / float64(end-start),
	})
	return true
}

// use takes frames of a key and its neighbours out of what is unused.
func (d *decoder) use(start, end, key int) {
	for frame := start; frame < end; frame++ {
		for k := max(key-1, 0); k <= min(key+1, keys-1); k++ {
			d.unused.set(frame, k, 0)
		}
	}
}

// withRises returns the onsets together with those that the model did not
// call so: where a key sounds much stronger than in both frames before. The
// greatest rise counts as much as the surest onset.
func withRises(struck, sounding gram) gram {
	rises := gram{make([]float32, len(sounding.values)), sounding.frames}
	for frame := 2; frame < rises.frames; frame++ {
		for key := range keys {
			before := max(sounding.at(frame-1, key), sounding.at(frame-2, key))
			rises.set(frame, key, max(sounding.at(frame, key)-before, 0))
		}
	}
	both := struck.clone()
	greatest := slices.Max(rises.values)
	if greatest == 0 {
		return both
	}
	scale := slices.Max(struck.values) / greatest
	for i, rise := range rises.values {
		both.values[i] = max(both.values[i], scale*rise)
	}
	return both
}

// A gram is a matrix of frames by keys. It does not keep the array alive that
// it was made from, whose memory may be a mapped file's.
type gram struct {
	values []float32
	frames int
}

func newGram(name string, a *npy.Array) (gram, error) {
	if a.NDim() != 2 || a.Dim(0) == 0 || a.Dim(1) != keys {
		return gram{}, fmt.Errorf("demo: decode: %s: have shape %v, want [frames %d]", name, a.Shape(), keys)
	}
	values, err := npy.Values[float32](a)
	if err != nil {
		return gram{}, fmt.Errorf("demo: decode: %s: %w", name, err)
	}
	return gram{values, a.Dim(0)}, nil
}

// at returns a value; before the first frame and after the last all is silent.
func (g gram) at(frame, key int) float32 {
	if frame < 0 || frame >= g.frames {
		return 0
	}
	return g.values[frame*keys+key]
}

func (g gram) set(frame, key int, v float32) { g.values[frame*keys+key] = v }

func (g gram) clone() gram { return gram{slices.Clone(g.values), g.frames} }

func (g gram) strongest() (frame, key int) {
	best := 0
	for i, v := range g.values {
		if v > g.values[best] {
			best = i
		}
	}
	return best / keys, best % keys
}
