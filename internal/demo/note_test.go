package demo

import "testing"

func TestNoteName(t *testing.T) {
	for pitch, want := range map[int]string{21: "A0", 59: "B3", 60: "C4", 66: "F#4", 108: "C8"} {
		if got := (Note{Pitch: pitch}).Name(); got != want {
			t.Errorf("name of %d: have %q, want %q", pitch, got, want)
		}
	}
}
