package arrowio

import (
	"encoding/binary"
	"fmt"
	"math"

	flatbuffers "github.com/google/flatbuffers/go"

	"ndflow/npy"
)

// region is a range of a file's bytes.
type region struct{ at, size int }

// index is what a file of the file format says of its batches: where they are,
// and how many rows they have in all. arrow-go tells neither without unpacking
// them.
type index struct {
	blocks  []region
	rows    int64
	foreign bool // the data is in the other byte order
}

// readIndex looks through the footer of a file and through all messages that it
// points to.
func readIndex(file []byte) (*index, error) {
	tail := len(file) - len(fileMagic) - 4
	if tail < 8 || string(file[tail+4:]) != string(fileMagic) {
		return nil, fmt.Errorf("%w: the file does not end with %q: it may have been cut off", npy.ErrFormat, fileMagic)
	}
	size := int(binary.LittleEndian.Uint32(file[tail:]))
	if size < 8 || size > tail-8 {
		return nil, fmt.Errorf("%w: an index of %d bytes in a file of %d", npy.ErrFormat, size, len(file))
	}
	x := &index{}
	return x, verify(file[tail-size:tail], func(v *verifier, footer *flatbuffers.Table) error {
		if o := slot(footer, footerSchema); o != 0 {
			schema := flatbuffers.Table{Bytes: footer.Bytes, Pos: footer.Indirect(footer.Pos + o)}
			if err := v.schema(&schema); err != nil {
				return err
			}
			x.foreign = v.foreign
		}
		if err := x.addBlocks(v, footer, footerDictionaries, file[:tail-size]); err != nil {
			return err
		}
		x.blocks, x.rows = nil, 0
		return x.addBlocks(v, footer, footerBatches, file[:tail-size])
	})
}

func (x *index) addBlocks(v *verifier, footer *flatbuffers.Table, field flatbuffers.VOffsetT, file []byte) error {
	const blockSize = 24
	start, n, err := v.vector(footer, field, blockSize)
	if err != nil {
		return err
	}
	for i := range n {
		block := footer.Bytes[start+blockSize*i:]
		at, body := int64(binary.LittleEndian.Uint64(block)), int64(binary.LittleEndian.Uint64(block[16:]))
		meta := int64(int32(binary.LittleEndian.Uint32(block[8:])))
		if at < 0 || meta < 8 || body < 0 || body > int64(len(file)) || at > int64(len(file))-meta-body {
			return fmt.Errorf("%w: batch %d lies at bytes %d and %d on, in a file of %d", npy.ErrFormat, i, at, meta+body, len(file))
		}
		message := file[at : at+meta]
		if binary.LittleEndian.Uint32(message) == continuation {
			message = message[4:]
		}
		_, rows, _, err := verifyMessage(message[4:])
		if err != nil {
			return fmt.Errorf("batch %d: %w", i, err)
		}
		if rows > math.MaxInt64-x.rows {
			return fmt.Errorf("%w: more than %d rows", npy.ErrFormat, x.rows)
		}
		x.rows += rows
		x.blocks = append(x.blocks, region{int(at), int(meta + body)})
	}
	return nil
}
