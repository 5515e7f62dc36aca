package arrowio

import (
	"fmt"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"ndflow/npy"
	"ndflow/npy/table"
)

var parquetCodecs = map[string]compress.Compression{
	"":       compress.Codecs.Snappy,
	"none":   compress.Codecs.Uncompressed,
	"snappy": compress.Codecs.Snappy,
	"gzip":   compress.Codecs.Gzip,
	"zstd":   compress.Codecs.Zstd,
	"lz4":    compress.Codecs.Lz4Raw,
	"brotli": compress.Codecs.Brotli,
}

// CreateParquet begins a Parquet file at path. Rows of any dimensions are lists
// there, as Parquet has nothing else; that all are of one size, and the shape of
// those of more than one dimension, is in the Arrow schema that the file has with
// it, which pyarrow, pandas and [OpenParquet] go by. A row group is in memory,
// encoded, until it is complete.
//
// Options: [Compression], [RowGroup].
func CreateParquet(path string, columns []table.Column, opts ...Option) (*Writer, error) {
	o := optionsOf(opts)
	return newWriter(path, nil, columns, 0, func(out *output, s *arrow.Schema) (sink, error) {
		return newParquetSink(out, s, columns, o)
	})
}

// parquetSink cuts batches where row groups end, since arrow-go, when it does that
// itself, writes wrong values for lists of a fixed size.
type parquetSink struct {
	w        *pqarrow.FileWriter
	rows     int // in the row group that is being written
	rowGroup int
}

func newParquetSink(out *output, s *arrow.Schema, columns []table.Column, o options) (sink, error) {
	codec, ok := parquetCodecs[o.compression]
	if !ok {
		return nil, fmt.Errorf("compression %q: Parquet files have none, snappy, gzip, zstd, lz4 and brotli", o.compression)
	}
	if o.rowGroup < 1 || o.rowGroup > math.MaxInt32 {
		return nil, fmt.Errorf("have row groups of %d rows, want at least 1", o.rowGroup)
	}
	props := []parquet.WriterProperty{
		parquet.WithCompression(codec),
		parquet.WithMaxRowGroupLength(o.rowGroup),
		// A dictionary of floats is work for nothing: hardly one is there twice.
		parquet.WithDictionaryDefault(false),
	}
	for _, c := range columns {
		if c.DType == npy.String && len(c.Shape) == 0 {
			props = append(props, parquet.WithDictionaryPath(parquet.ColumnPath{c.Name}, true))
		}
	}
	w, err := pqarrow.NewFileWriter(s, out, parquet.NewWriterProperties(props...),
		pqarrow.NewArrowWriterProperties(pqarrow.WithStoreSchema()))
	if err != nil {
		return nil, err
	}
	return &parquetSink{w: w, rowGroup: int(o.rowGroup)}, nil
}

func (k *parquetSink) room() int {
	if k.full() {
		return k.rowGroup
	}
	return k.rowGroup - k.rows
}

func (k *parquetSink) full() bool {
	return k.rows >= k.rowGroup || k.w.RowGroupTotalBytesWritten() >= batchBytes
}

func (k *parquetSink) write(batch arrow.RecordBatch) error {
	if k.full() {
		if err := k.w.NewBufferedRowGroupChecked(); err != nil {
			return err
		}
		k.rows = 0
	}
	k.rows += int(batch.NumRows())
	return k.w.WriteBuffered(batch)
}

func (k *parquetSink) finish() error { return k.w.Close() }
