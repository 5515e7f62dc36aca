package demo

import (
	"math"
	"slices"
	"testing"

	"ndflow/npy"
)

// A stroke is a stretch of frames on a key, drawn into both grams as the model
// would: an onset that peaks in the first frame, and a level that lasts.
type stroke struct {
	key, start, end int
	onset, level    float32
}

func grams(t *testing.T, frames int, strokes []stroke) (note, onset *npy.Array) {
	t.Helper()
	note, onset = blank(t, frames, keys), blank(t, frames, keys)
	sounding, struck := valuesOf(t, note), valuesOf(t, onset)
	for _, s := range strokes {
		for frame := s.start; frame < s.end; frame++ {
			sounding[frame*keys+s.key] = s.level
		}
		struck[s.start*keys+s.key] = s.onset
		for _, beside := range []int{s.start - 1, s.start + 1} {
			if beside >= 0 && beside < frames {
				struck[beside*keys+s.key] = s.onset / 2
			}
		}
	}
	return note, onset
}

func blank(t *testing.T, shape ...int) *npy.Array {
	t.Helper()
	a, err := npy.New(npy.Float32, shape...)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// A span is what a test says of a note: its key and its frames.
type span struct{ key, start, end int }

func TestDecode(t *testing.T) {
	// A rise that is far greater than any other keeps the rises of the
	// notes under test from counting as onsets.
	const frames = 400
	reference := stroke{key: 80, start: 350, end: 390, onset: 1, level: 1}
	found := span{80, 350, 390}

	tests := []struct {
		name    string
		strokes []stroke
		want    []span
	}{
		{"a note lasts while its key sounds",
			[]stroke{{40, 100, 150, 0.9, 0.8}}, []span{{40, 100, 150}}},
		{"an onset in the very first frame counts",
			[]stroke{{40, 0, 50, 0.9, 0.8}}, []span{{40, 0, 50}}},
		{"a note may last to the very last frame",
			[]stroke{{40, 370, 400, 0.9, 0.8}}, []span{{40, 370, 400}}},
		{"the lowest and the highest key are keys too",
			[]stroke{{0, 100, 150, 0.9, 0.8}, {87, 100, 150, 0.9, 0.8}},
			[]span{{0, 100, 150}, {87, 100, 150}}},
		{"keys sound together",
			[]stroke{{40, 100, 150, 0.9, 0.8}, {44, 110, 140, 0.9, 0.8}},
			[]span{{40, 100, 150}, {44, 110, 140}}},
		{"a note ends where its key is struck again",
			[]stroke{{40, 100, 130, 0.9, 0.8}, {40, 130, 160, 0.9, 0.8}},
			[]span{{40, 100, 130}, {40, 130, 160}}},
		{"a short gap is bridged",
			[]stroke{{40, 100, 130, 0.9, 0.8}, {40, 130 + gapFrames - 1, 160, 0, 0.45}},
			[]span{{40, 100, 160}}},
		{"a long gap ends the note; what comes after is one without onset",
			[]stroke{{40, 100, 130, 0.9, 0.8}, {40, 130 + gapFrames, 160, 0, 0.45}},
			[]span{{40, 100, 130}, {40, 130 + gapFrames, 160}}},
		{"a note just long enough",
			[]stroke{{40, 100, 100 + shortestFrames + 1, 0.9, 0.8}},
			[]span{{40, 100, 100 + shortestFrames + 1}}},
		{"a note too short is none",
			[]stroke{{40, 100, 100 + shortestFrames, 0.9, 0.8}}, nil},
		{"what shows on the next key beside a louder note is none",
			[]stroke{{40, 100, 150, 0.9, 0.8}, {41, 105, 145, 0, 0.4}, {39, 105, 145, 0, 0.4}},
			[]span{{40, 100, 150}}},
		{"an unsure onset needs sound, and gets its note in the second pass",
			[]stroke{{40, 100, 150, 0.4, 0.45}}, []span{{40, 100, 150}}},
		{"sound that is too short hides no weaker one",
			[]stroke{{40, 100, 105, 0, 0.45}, {50, 200, 250, 0, 0.4}}, []span{{50, 200, 250}}},
		{"a dip of one frame is no new onset",
			[]stroke{{40, 100, 130, 0.9, 0.8}, {40, 131, 160, 0, 0.8}}, []span{{40, 100, 160}}},
		{"sound below the threshold is none",
			[]stroke{{40, 100, 150, 0.4, 0.25}}, nil},
		{"silence", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			notes, err := Decode(grams(t, frames, append(test.strokes, reference)))
			if err != nil {
				t.Fatal(err)
			}
			checkSpans(t, notes, append(test.want, found))
		})
	}
}

func TestDecodeTakesASuddenRiseForAnOnset(t *testing.T) {
	// The key sounds on when it is struck again; the model says no onset.
	notes, err := Decode(grams(t, 400, []stroke{
		{40, 100, 150, 0.9, 0.4}, {40, 150, 200, 0, 0.9},
	}))
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, notes, []span{{40, 100, 150}, {40, 150, 200}})
}

func TestDecodeTakesAnOnsetOfTwoEqualFramesForOne(t *testing.T) {
	note, onset := grams(t, 400, []stroke{{40, 100, 150, 0.9, 0.3}, {40, 150, 200, 0.9, 0.3}})
	valuesOf(t, onset)[151*keys+40] = 0.9
	notes, err := Decode(note, onset)
	if err != nil {
		t.Fatal(err)
	}
	checkSpans(t, notes, []span{{40, 100, 150}, {40, 150, 200}})
}

func TestDecodeOfSilence(t *testing.T) {
	notes, err := Decode(grams(t, 100, nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 0 {
		t.Errorf("have %v, want no notes", notes)
	}
}

func TestDecodeGivesMeanAsVelocity(t *testing.T) {
	notes, err := Decode(grams(t, 400, []stroke{
		{40, 100, 120, 0.9, 0.8}, {40, 120, 140, 0, 0.4},
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(notes) != 1 || math.Abs(notes[0].Velocity-0.6) > 1e-6 {
		t.Errorf("have %+v, want one note of velocity 0.6", notes)
	}
}

func TestDecodeLeavesItsInputsAsTheyWere(t *testing.T) {
	note, onset := grams(t, 400, []stroke{{40, 100, 150, 0.9, 0.8}})
	before := [][]float32{slices.Clone(valuesOf(t, note)), slices.Clone(valuesOf(t, onset))}
	if _, err := Decode(note, onset); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(valuesOf(t, note), before[0]) || !slices.Equal(valuesOf(t, onset), before[1]) {
		t.Error("an input was changed")
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		name        string
		note, onset *npy.Array
	}{
		{"other numbers of keys", blank(t, 100, 264), blank(t, 100, 88)},
		{"windows that were not joined", blank(t, 100, 88), blank(t, 1, 172, 88)},
		{"different lengths", blank(t, 100, 88), blank(t, 101, 88)},
		{"no frames", blank(t, 0, 88), blank(t, 0, 88)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Decode(test.note, test.onset); err == nil {
				t.Error("have no error")
			}
		})
	}
}

func TestFramesFollowWindows(t *testing.T) {
	tests := []struct{ frame, sample int }{
		{0, 0},
		{1, frameSamples},
		{keptFrames - 1, (keptFrames - 1) * frameSamples},
		{keptFrames, hopSamples},
		{10*keptFrames + 3, 10*hopSamples + 3*frameSamples},
	}
	for _, test := range tests {
		if got, want := frameSeconds(test.frame), float64(test.sample)/SampleRate; got != want {
			t.Errorf("frame %d: have %g s, want %g s", test.frame, got, want)
		}
	}
}

func checkSpans(t *testing.T, notes []Note, spans []span) {
	t.Helper()
	var want []Note
	for _, s := range spans {
		want = append(want, Note{Start: frameSeconds(s.start), End: frameSeconds(s.end), Pitch: lowestPitch + s.key})
	}
	sortNotes(want)
	got := slices.Clone(notes)
	for i := range got {
		got[i].Velocity = 0
	}
	if !slices.Equal(got, want) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
}
