package arrowio

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"ndflow/npy"
	"ndflow/npy/table"
)

// CreateArrow begins an Arrow IPC file at path, of the file format, which is also
// Feather's version 2, or of the stream format with [Stream]. Rows of one
// dimension are a list of a fixed size, rows of more the extension type
// arrow.fixed_shape_tensor; see [Stored] for dtypes that Arrow does not have.
//
// Where there is no compression and no column of strings, every column begins at
// a multiple of [npy.Align] in the file, so that TensorFlow can be fed from a
// mapping of it.
//
// Options: [Compression], [Stream].
func CreateArrow(path string, columns []table.Column, opts ...Option) (*Writer, error) {
	o := optionsOf(opts)
	return newWriter(path, nil, columns, asTensor|inFull, func(out *output, s *arrow.Schema) (sink, error) {
		return newIPCSink(out, s, o)
	})
}

// WriteArrow begins a stream, as with [Stream], that goes to w. Commit ends it
// and leaves w open. What Close without Commit leaves has no end marker.
func WriteArrow(w io.Writer, columns []table.Column, opts ...Option) (*Writer, error) {
	o := optionsOf(opts)
	o.stream = true
	return newWriter("", w, columns, asTensor|inFull, func(out *output, s *arrow.Schema) (sink, error) {
		return newIPCSink(out, s, o)
	})
}

// ipcSink writes either format.
type ipcSink struct {
	w interface {
		Write(arrow.RecordBatch) error
		Close() error
	}
	out    *output
	begun  bool
	header int64 // the bytes before the first batch
	align  bool
	pad    int
}

func newIPCSink(out *output, s *arrow.Schema, o options) (sink, error) {
	opts := []ipc.Option{ipc.WithSchema(s)}
	switch o.compression {
	case "", "none":
	case "lz4":
		opts = append(opts, ipc.WithLZ4())
	case "zstd":
		opts = append(opts, ipc.WithZstd())
	default:
		return nil, fmt.Errorf("compression %q: Arrow files have none, lz4 and zstd", o.compression)
	}
	k := &ipcSink{out: out, align: len(opts) == 1, header: schemaBytes(s)}
	if o.stream {
		k.w = ipc.NewWriter(out, opts...)
		return k, nil
	}
	k.header += 8 // ARROW1 and two bytes more
	var err error
	k.w, err = ipc.NewFileWriter(out, opts...)
	return k, err
}

// schemaBytes is how long the message of a schema is.
func schemaBytes(s *arrow.Schema) int64 {
	p := ipc.GetSchemaPayload(s, memory.DefaultAllocator)
	defer p.Release()
	return metadataBytes(p)
}

// metadataBytes is how long the part of a message before its body is.
func metadataBytes(p ipc.Payload) int64 {
	meta := p.Meta()
	defer meta.Release()
	return 8 + int64(meta.Len()+7)&^7
}

func (k *ipcSink) room() int { return math.MaxInt }

func (k *ipcSink) write(batch arrow.RecordBatch) error {
	at := k.out.n
	if !k.begun {
		at, k.begun = k.header, true
	}
	if k.align {
		aligned, err := k.aligned(batch, at)
		if err != nil {
			return err
		}
		defer aligned.Release()
		batch = aligned
	}
	return k.w.Write(batch)
}

// aligned gives a batch metadata of such a length that its body begins at a
// multiple of npy.Align. arrow-go aligns by 8 and has no setting for it, and the
// metadata of a batch is free for anyone's use.
func (k *ipcSink) aligned(batch arrow.RecordBatch, at int64) (arrow.RecordBatch, error) {
	for range npy.Align / 8 {
		padding := arrow.NewMetadata([]string{"padding"}, []string{strings.Repeat(" ", k.pad)})
		b := array.NewRecordBatchWithMetadata(batch.Schema(), batch.Columns(), batch.NumRows(), padding)
		p, err := ipc.GetRecordBatchPayload(b)
		if err != nil {
			b.Release()
			return nil, err
		}
		n := metadataBytes(p)
		p.Release()
		if (at+n)%npy.Align == 0 {
			return b, nil
		}
		b.Release()
		k.pad = (k.pad + 8) % npy.Align
	}
	batch.Retain()
	return batch, nil
}

func (k *ipcSink) finish() error { return k.w.Close() }
