package demo

// The pitches of the tune, as MIDI numbers.
const (
	a2, b2                   = 45, 47
	d3, fs3, g3, a3, b3      = 50, 54, 55, 57, 59
	cs4, d4, e4, fs4, g4, a4 = 61, 62, 64, 66, 67, 69
)

// A step is one note of a voice and its length.
type step struct {
	pitch int
	beats float64
}

const (
	beatSeconds = 0.66
	leadSeconds = 0.5 // silence before the first note
)

// Tune returns the opening of the "Ode to Joy" from Beethoven's ninth
// symphony, set for three voices, sorted by start. Every call gives the same
// notes.
func Tune() []Note {
	voices := []struct {
		velocity float64
		steps    []step
	}{
		{1.0, []step{ // melody
			{fs4, 1}, {fs4, 1}, {g4, 1}, {a4, 1},
			{a4, 1}, {g4, 1}, {fs4, 1}, {e4, 1},
			{d4, 1}, {d4, 1}, {e4, 1}, {fs4, 1},
			{fs4, 1.5}, {e4, 0.5}, {e4, 2},
		}},
		{0.7, []step{ // middle
			{a3, 2}, {b3, 2},
			{cs4, 2}, {a3, 2},
			{fs3, 2}, {b3, 2},
			{a3, 2}, {cs4, 2},
		}},
		{0.8, []step{ // bass
			{d3, 2}, {g3, 2},
			{a2, 2}, {d3, 2},
			{b2, 2}, {g3, 2},
			{d3, 2}, {a2, 2},
		}},
	}
	// A player lifts the finger before the next note. Without the gap a
	// repeated note would not be seen as two in the piano roll.
	const held = 0.9

	var notes []Note
	for _, v := range voices {
		beat := 0.0
		for _, s := range v.steps {
			notes = append(notes, Note{
				Start:    leadSeconds + beat*beatSeconds,
				End:      leadSeconds + (beat+held*s.beats)*beatSeconds,
				Pitch:    s.pitch,
				Velocity: v.velocity,
			})
			beat += s.beats
		}
	}
	sortNotes(notes)
	return notes
}
