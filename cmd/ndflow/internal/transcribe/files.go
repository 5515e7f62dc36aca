package transcribe

import (
	"fmt"
	"io"
	"path/filepath"

	"ndflow/cmd/ndflow/internal/outfile"
	"ndflow/internal/demo"
	"ndflow/npy"
)

func writeTune(p *printer, dir string, samples []float32) error {
	wav, array := filepath.Join(dir, "tune.wav"), filepath.Join(dir, "tune.npy")
	if err := outfile.Write(wav, func(w io.Writer) error { return demo.WriteWAV(w, samples) }); err != nil {
		return err
	}
	a, err := npy.From(samples)
	if err != nil {
		return err
	}
	if err := npy.WriteFile(array, a); err != nil {
		return err
	}
	p.more("%s  to listen to", wav)
	p.more("%s  %v %v", array, a.DType(), a.Shape())
	return p.err
}

func writeResult(p *printer, dir string, found []demo.Note, note *npy.Array, score demo.Score) error {
	a, err := table(found)
	if err != nil {
		return err
	}
	array, picture := filepath.Join(dir, "notes.npy"), filepath.Join(dir, "piano-roll.png")
	if err := npy.WriteFile(array, a); err != nil {
		return err
	}
	if err := outfile.Write(picture, func(w io.Writer) error { return demo.PianoRoll(w, note, score) }); err != nil {
		return err
	}
	p.step("Written", "%s  %v %v: start, end, pitch (MIDI), velocity", array, a.DType(), a.Shape())
	p.more("%s  to look at", picture)
	return p.err
}

// table is the notes as an array: a row for each.
func table(notes []demo.Note) (*npy.Array, error) {
	rows := make([]float64, 0, 4*len(notes))
	for _, n := range notes {
		rows = append(rows, n.Start, n.End, float64(n.Pitch), n.Velocity)
	}
	return npy.From(rows, len(notes), 4)
}

// printer writes the steps, and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

// step writes the first line of a step.
func (p *printer) step(name, format string, args ...any) {
	p.line(fmt.Sprintf("%-10s%s", name, fmt.Sprintf(format, args...)))
}

// more writes a further line of a step.
func (p *printer) more(format string, args ...any) { p.step("", format, args...) }

func (p *printer) blank() { p.line("") }

func (p *printer) line(text string) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, text)
	}
}
