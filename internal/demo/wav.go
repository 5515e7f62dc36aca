package demo

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// WriteWAV writes mono audio of [SampleRate] as a WAV file of 16-bit samples.
// Samples beyond [-1, 1] are cut off there.
//
// The header is written here, since it is 44 bytes, and the encoders in use
// want to seek back in the file to complete it.
func WriteWAV(w io.Writer, samples []float32) error {
	const (
		sampleBytes = 2
		formatBytes = 16
		headerBytes = 44
		pcm         = 1
		channels    = 1
	)
	size := uint64(len(samples)) * sampleBytes
	if size > math.MaxUint32-headerBytes {
		return fmt.Errorf("demo: wav: have %d samples, which are more than a WAV file can hold", len(samples))
	}
	var b bytes.Buffer
	b.Grow(headerBytes + int(size))
	fields := []any{
		[]byte("RIFF"), uint32(headerBytes - 8 + size), []byte("WAVE"),
		[]byte("fmt "), uint32(formatBytes), uint16(pcm), uint16(channels),
		uint32(SampleRate), uint32(SampleRate * channels * sampleBytes),
		uint16(channels * sampleBytes), uint16(8 * sampleBytes),
		[]byte("data"), uint32(size),
	}
	for _, f := range fields {
		if err := binary.Write(&b, binary.LittleEndian, f); err != nil {
			return fmt.Errorf("demo: wav: %w", err)
		}
	}
	for _, v := range samples {
		v = min(max(v, -1), 1)
		sample := int16(math.Round(float64(v) * math.MaxInt16))
		b.Write(binary.LittleEndian.AppendUint16(b.AvailableBuffer(), uint16(sample)))
	}
	if _, err := b.WriteTo(w); err != nil {
		return fmt.Errorf("demo: wav: %w", err)
	}
	return nil
}
