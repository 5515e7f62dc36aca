package graph

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"ndflow/internal/arraytest"
	"ndflow/npy"
)

// TestMapBlocks maps files in orders that are not the machine's, with the results of the
// array in memory.
func TestMapBlocks(t *testing.T) {
	m, dir := load(t, "mlp"), t.TempDir()
	const rows, cols = 1000, 16
	x := ramp(t, rows, cols)
	v := values[float32](t, x)
	want := zeros(t, npy.Float32, rows, 4)
	must(t, Map(bg, m, one("x", x), map[string]Sink{"probs": ToArray(want)}, MapOptions{Batch: 64}))
	for _, fortran := range []bool{false, true} {
		path := filepath.Join(dir, fmt.Sprintf("%v.npy", fortran))
		order := "False"
		data := make([]byte, 0, 4*len(v))
		for i := range v {
			at := i
			if fortran {
				order = "True"
				at = i%rows*cols + i/rows
			}
			data = binary.BigEndian.AppendUint32(data, math.Float32bits(v[at]))
		}
		dict := fmt.Sprintf("{'descr': '>f4', 'fortran_order': %s, 'shape': (%d, %d), }", order, rows, cols)
		file := binary.LittleEndian.AppendUint16([]byte("\x93NUMPY\x01\x00"), uint16(len(dict)))
		must(t, os.WriteFile(path, append(append(file, dict...), data...), 0o666))
		b, err := npy.OpenBlocks(path)
		must(t, err)
		have := zeros(t, npy.Float32, rows, 4)
		must(t, Map(bg, m, map[string]Source{"x": FromBlocks(b)}, map[string]Sink{"probs": ToArray(have)}, MapOptions{Batch: 64, Workers: 3}))
		if !arraytest.Same(have, want) {
			t.Errorf("column-major %v: the result differs", fortran)
		}
		b.Release()
		if _, err := FromBlocks(b).Read(bg, 0, 1); err == nil {
			t.Error("released blocks were read")
		}
	}
}
