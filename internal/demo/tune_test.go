package demo

import (
	"slices"
	"testing"
)

func TestTuneCanBePlayed(t *testing.T) {
	notes := Tune()
	if len(notes) < 30 {
		t.Errorf("have %d notes, want 30 or more", len(notes))
	}
	sounding := map[int]float64{} // the end of the last note on each key
	before := 0.0
	for i, n := range notes {
		if n.Start < before {
			t.Errorf("note %d: starts at %g, before the one in front of it", i, n.Start)
		}
		if n.End <= n.Start {
			t.Errorf("note %d: ends at %g, starts at %g", i, n.End, n.Start)
		}
		if n.Pitch < lowestPitch || n.Pitch >= lowestPitch+keys {
			t.Errorf("note %d: pitch %d is not on a piano", i, n.Pitch)
		}
		if n.Velocity <= 0 || n.Velocity > 1 {
			t.Errorf("note %d: velocity %g", i, n.Velocity)
		}
		if n.Start < sounding[n.Pitch] {
			t.Errorf("note %d: %s at %g is struck while it still sounds", i, n.Name(), n.Start)
		}
		before, sounding[n.Pitch] = n.Start, n.End
	}
}

func TestTuneIsTheSameEveryTime(t *testing.T) {
	if !slices.Equal(Tune(), Tune()) {
		t.Error("two calls gave different notes")
	}
}
