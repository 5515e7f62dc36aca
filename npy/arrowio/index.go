package arrowio

import (
	"encoding/binary"

	flatbuffers "github.com/google/flatbuffers/go"
)

// region is a range of a file's bytes.
type region struct{ at, size int }

// index is what a file of the file format says of its batches: where they are,
// and how many rows they have in all. arrow-go tells neither without unpacking
// them.
type index struct {
	blocks []region
	rows   int64
}

// The places of fields in the tables that Arrow's Footer.fbs and Message.fbs
// describe: four, and two more for each field before.
const (
	footerBatches = 10 // Footer.recordBatches
	messageHeader = 8  // Message.header
	batchLength   = 4  // RecordBatch.length
)

// readIndex returns nil for what it does not understand.
func readIndex(file []byte) (x *index) {
	defer func() {
		if recover() != nil { // the flatbuffers library checks nothing
			x = nil
		}
	}()
	tail := len(file) - len(fileMagic) - 4
	size := int(binary.LittleEndian.Uint32(file[tail:]))
	footer := rootOf(file[tail-size : tail])
	x = &index{}
	o := flatbuffers.UOffsetT(footer.Offset(footerBatches))
	if o == 0 {
		return x
	}
	for i := range footer.VectorLen(o) {
		block := file[tail-size:][footer.Vector(o)+flatbuffers.UOffsetT(24*i):]
		at := int(binary.LittleEndian.Uint64(block))
		meta, body := int(binary.LittleEndian.Uint32(block[8:])), int(binary.LittleEndian.Uint64(block[16:]))
		x.blocks = append(x.blocks, region{at, meta + body})
		rows := rowsOf(file[at : at+meta])
		if rows < 0 || x.rows+rows < x.rows {
			return nil
		}
		x.rows += rows
	}
	return x
}

// rowsOf is how many rows a record batch's message claims.
func rowsOf(message []byte) int64 {
	const prefix = 8 // 0xffffffff and the size; files from before Arrow 0.15 have the size only
	if binary.LittleEndian.Uint32(message) != 0xffffffff {
		message = message[prefix/2:]
	} else {
		message = message[prefix:]
	}
	m := rootOf(message)
	var batch flatbuffers.Table
	m.Union(&batch, flatbuffers.UOffsetT(m.Offset(messageHeader)))
	if o := flatbuffers.UOffsetT(batch.Offset(batchLength)); o != 0 {
		return batch.GetInt64(batch.Pos + o)
	}
	return 0
}

func rootOf(b []byte) *flatbuffers.Table {
	return &flatbuffers.Table{Bytes: b, Pos: flatbuffers.GetUOffsetT(b)}
}
