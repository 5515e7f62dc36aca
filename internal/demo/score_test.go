package demo

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	at := func(start float64, pitch int) Note { return Note{Start: start, End: start + 0.5, Pitch: pitch} }
	tests := []struct {
		name                  string
		truth, found          []Note
		matched               int
		precision, recall, f1 float64
	}{
		{"all right", []Note{at(1, 60), at(2, 62)}, []Note{at(2, 62), at(1, 60)}, 2, 1, 1, 1},
		{"nearly in time", []Note{at(1, 60)}, []Note{at(1.049, 60)}, 1, 1, 1, 1},
		{"too late", []Note{at(1, 60)}, []Note{at(1.051, 60)}, 0, 0, 0, 0},
		{"too early", []Note{at(1, 60)}, []Note{at(0.949, 60)}, 0, 0, 0, 0},
		{"other pitch", []Note{at(1, 60)}, []Note{at(1, 61)}, 0, 0, 0, 0},
		{"one missed", []Note{at(1, 60), at(2, 60)}, []Note{at(1, 60)}, 1, 1, 0.5, 2. / 3},
		{"one too many", []Note{at(1, 60)}, []Note{at(1, 60), at(1.02, 60)}, 1, 0.5, 1, 2. / 3},
		{"one found serves one played", []Note{at(1, 60), at(1.02, 60)}, []Note{at(1.01, 60)}, 1, 1, 0.5, 2. / 3},
		{"a note does not take what a later one needs",
			[]Note{at(1, 60), at(1.06, 60)}, []Note{at(0.96, 60), at(1.03, 60)}, 2, 1, 1, 1},
		{"nothing found", []Note{at(1, 60)}, nil, 0, 0, 0, 0},
		{"nothing played", nil, []Note{at(1, 60)}, 0, 0, 0, 0},
		{"nothing at all", nil, nil, 0, 0, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := Compare(test.truth, test.found)
			if s.True != len(test.truth) || s.Found != len(test.found) || s.Matched != test.matched {
				t.Errorf("have %d true, %d found, %d matched, want %d, %d, %d",
					s.True, s.Found, s.Matched, len(test.truth), len(test.found), test.matched)
			}
			if want := s.True + s.Found - s.Matched; len(s.Pairs) != want {
				t.Errorf("have %d pairs, want %d", len(s.Pairs), want)
			}
			for _, v := range [][2]float64{{s.Precision, test.precision}, {s.Recall, test.recall}, {s.F1, test.f1}} {
				if math.Abs(v[0]-v[1]) > 1e-9 {
					t.Errorf("have %+v, want precision %g, recall %g, F1 %g", s, test.precision, test.recall, test.f1)
				}
			}
		})
	}
}

func TestScoreTable(t *testing.T) {
	s := Compare(
		[]Note{{Start: 0.5, End: 1, Pitch: 66}, {Start: 10.25, End: 11, Pitch: 60}},
		[]Note{{Start: 0.49, End: 1.1, Pitch: 66}, {Start: 2, End: 2.5, Pitch: 45}},
	)
	var b strings.Builder
	if err := s.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := "" +
		"  played  start    end  found  start   end  start off by\n" +
		"     F#4   0.50   1.00    F#4   0.49  1.10        -10 ms\n" +
		"       -      -      -     A2   2.00  2.50    not played\n" +
		"      C4  10.25  11.00      -      -     -     not found\n"
	if b.String() != want {
		t.Errorf("have\n%s\nwant\n%s", b.String(), want)
	}
	line := "1 of 2 notes found, 1 found that were not played: precision 0.50, recall 0.50, F1 0.50"
	if s.String() != line {
		t.Errorf("have %q, want %q", s.String(), line)
	}
}

func TestScoreTableTellsOfAFailedWrite(t *testing.T) {
	want := errors.New("disk full")
	if err := (Score{}).WriteTable(failingWriter{want}); !errors.Is(err, want) {
		t.Errorf("have %v, want %v", err, want)
	}
}
