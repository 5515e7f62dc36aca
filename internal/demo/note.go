package demo

import (
	"cmp"
	"fmt"
	"slices"
)

// Note is one note of a tune, played or heard.
type Note struct {
	Start, End float64 // seconds from the beginning of the audio
	Pitch      int     // MIDI number: 60 is middle C, one more is a semitone up
	Velocity   float64 // how strong, above 0 and up to 1
}

// Name returns the pitch in letters, such as C4 for middle C.
func (n Note) Name() string { return pitchName(n.Pitch) }

func pitchName(pitch int) string {
	names := [12]string{"C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"}
	octave := pitch/12 - 1
	return fmt.Sprintf("%s%d", names[pitch%12], octave)
}

// sortNotes sorts by start, then by pitch.
func sortNotes(notes []Note) {
	slices.SortFunc(notes, func(a, b Note) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.Pitch, b.Pitch))
	})
}
