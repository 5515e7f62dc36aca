package demo

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
)

// onsetTolerance is how far in seconds a found note may begin from the true
// one: the 50 ms usual in music transcription.
const onsetTolerance = 0.05

// Pair is a true note and the note found for it. True is nil for a note that
// was found but not played, Found for one that was played but not found.
type Pair struct {
	True, Found *Note
}

// Score says how well the found notes agree with the true ones.
type Score struct {
	Pairs []Pair // sorted by start

	True, Found, Matched int     // numbers of notes
	Precision            float64 // Matched / Found: how many of the found are true
	Recall               float64 // Matched / True: how many of the true are found
	F1                   float64 // the harmonic mean of both
}

// Compare pairs true and found notes of the same pitch whose starts are within
// 50 ms of each other. A note is in one pair at most.
func Compare(truth, found []Note) Score {
	truth, found = slices.Clone(truth), slices.Clone(found)
	sortNotes(truth)
	sortNotes(found)
	s := Score{True: len(truth), Found: len(found)}
	paired := make([]bool, len(found))
	for i := range truth {
		p := Pair{True: &truth[i]}
		// The earliest that fits leaves the most for later notes.
		for j := range found {
			if !paired[j] && fits(truth[i], found[j]) {
				p.Found, paired[j] = &found[j], true
				s.Matched++
				break
			}
		}
		s.Pairs = append(s.Pairs, p)
	}
	for j := range found {
		if !paired[j] {
			s.Pairs = append(s.Pairs, Pair{Found: &found[j]})
		}
	}
	slices.SortStableFunc(s.Pairs, func(a, b Pair) int {
		x, y := a.either(), b.either()
		return cmp.Or(cmp.Compare(x.Start, y.Start), cmp.Compare(x.Pitch, y.Pitch))
	})
	if s.Matched > 0 {
		s.Precision = float64(s.Matched) / float64(s.Found)
		s.Recall = float64(s.Matched) / float64(s.True)
		s.F1 = 2 * s.Precision * s.Recall / (s.Precision + s.Recall)
	}
	return s
}

func fits(truth, found Note) bool {
	return truth.Pitch == found.Pitch && math.Abs(truth.Start-found.Start) <= onsetTolerance
}

// either returns the true note where there is one, else the found one.
func (p Pair) either() *Note {
	if p.True != nil {
		return p.True
	}
	return p.Found
}

// String returns the score in one line.
func (s Score) String() string {
	return fmt.Sprintf("%d of %d notes found, %d found that were not played: precision %.2f, recall %.2f, F1 %.2f",
		s.Matched, s.True, s.Found-s.Matched, s.Precision, s.Recall, s.F1)
}

// WriteTable writes the true notes beside the found ones, a pair a line, with
// times in seconds.
func (s Score) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "played\tstart\tend\tfound\tstart\tend\tstart off by\t")
	for _, p := range s.Pairs {
		off := "not found"
		switch {
		case p.True == nil:
			off = "not played"
		case p.Found != nil:
			off = fmt.Sprintf("%+.0f ms", 1000*(p.Found.Start-p.True.Start))
		}
		fmt.Fprintf(t, "%s%s%s\t\n", cells(p.True), cells(p.Found), off)
	}
	return t.Flush() // which also tells of what failed above
}

func cells(n *Note) string {
	if n == nil {
		return "-\t-\t-\t"
	}
	return fmt.Sprintf("%s\t%.2f\t%.2f\t", n.Name(), n.Start, n.End)
}
