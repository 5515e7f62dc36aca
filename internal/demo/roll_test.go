package demo

import (
	"bytes"
	"errors"
	"image/color"
	"image/png"
	"testing"
)

func TestPianoRollShowsEachKindOfNote(t *testing.T) {
	one := []Note{{Start: 1, End: 2, Pitch: 60}}
	other := []Note{{Start: 2, End: 3, Pitch: 64}}
	tests := []struct {
		name         string
		truth, found []Note
		right, wrong bool
	}{
		{"found and played", one, one, true, false},
		{"found but not played", one, append(other, one...), true, true},
		{"played but not found", one, nil, false, false},
		{"nothing played", nil, one, false, true},
		{"nothing at all", nil, nil, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			note, _ := grams(t, 300, []stroke{{key: 60 - lowestPitch, start: 86, end: 172, level: 0.9}})
			var b bytes.Buffer
			if err := PianoRoll(&b, note, Compare(test.truth, test.found)); err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(&b)
			if err != nil {
				t.Fatal(err)
			}
			// The legend takes up the lowest part, and shows every colour.
			size := img.Bounds().Size()
			shows := func(c color.Color) bool {
				for y := range size.Y * 9 / 10 {
					for x := range size.X {
						if color.RGBAModel.Convert(img.At(x, y)) == c {
							return true
						}
					}
				}
				return false
			}
			if got := shows(rightColor); got != test.right {
				t.Errorf("notes in blue: have %v, want %v", got, test.right)
			}
			if got := shows(wrongColor); got != test.wrong {
				t.Errorf("notes in vermilion: have %v, want %v", got, test.wrong)
			}
		})
	}
}

func TestPianoRollRefusesOtherShapes(t *testing.T) {
	if err := PianoRoll(&bytes.Buffer{}, blank(t, 10, 264), Score{}); err == nil {
		t.Error("have no error")
	}
}

func TestPianoRollTellsOfAFailedWrite(t *testing.T) {
	want := errors.New("disk full")
	if err := PianoRoll(failingWriter{want}, blank(t, 10, keys), Score{}); !errors.Is(err, want) {
		t.Errorf("have %v, want %v", err, want)
	}
}
