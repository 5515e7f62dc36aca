package demo

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

func TestWriteWAV(t *testing.T) {
	tests := []struct {
		name    string
		samples []float32
		want    string
	}{
		{"no samples", nil, "RIFF\x24\x00\x00\x00WAVE" +
			"fmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00" +
			"data\x00\x00\x00\x00"},
		{"samples are scaled, rounded and cut off", []float32{0, 1, -1, 0.5, 2, -2}, "RIFF\x30\x00\x00\x00WAVE" +
			"fmt \x10\x00\x00\x00\x01\x00\x01\x00\x22\x56\x00\x00\x44\xac\x00\x00\x02\x00\x10\x00" +
			"data\x0c\x00\x00\x00" +
			"\x00\x00\xff\x7f\x01\x80\x00\x40\xff\x7f\x01\x80"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteWAV(&b, test.samples); err != nil {
				t.Fatal(err)
			}
			if b.String() != test.want {
				t.Errorf("have\n%q, want\n%q", b.String(), test.want)
			}
		})
	}
}

func TestWriteWAVTellsOfAFailedWrite(t *testing.T) {
	want := errors.New("disk full")
	if err := WriteWAV(failingWriter{want}, make([]float32, 10)); !errors.Is(err, want) {
		t.Errorf("have %v, want %v", err, want)
	}
}

type failingWriter struct{ err error }

var _ io.Writer = failingWriter{}

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
