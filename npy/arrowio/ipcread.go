package arrowio

import (
	"bytes"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"

	"ndflow/npy"
)

// fileMagic begins, and ends, a file of Arrow's IPC file format.
var fileMagic = []byte("ARROW1")

// OpenArrow opens the Arrow IPC file at path: the file format (also called
// Feather version 2) or the stream format, told apart by how they begin. The
// file is mapped: of one that is not compressed, Next's numbers are the file's
// own memory, with no copy, and a file of any size is walked in constant memory,
// as the pages of a batch are dropped when the next one is read. They come back
// when they are used again. The rules of [npy.Open] for mapped files hold.
//
// The numbers of a file lie at multiples of 8 bytes, as the format wants it. In
// one by [CreateArrow] that has neither strings nor compression they lie at
// multiples of [npy.Align], so that TensorFlow takes them as they are.
//
// Options: [Columns], [NullsAsNaN], [MemoryLimit]. What is no such file, or a
// damaged one, is an npy.ErrFormat; see [FromArrow] for what a column may hold.
func OpenArrow(path string, opts ...Option) (*Reader, error) {
	whole, err := npy.Map(path)
	if err != nil {
		return nil, fmt.Errorf("arrowio: %w", err)
	}
	o := optionsOf(opts)
	src, err := newIPCSource(whole, o)
	if err != nil {
		whole.Release()
		name(path, &err)
		return nil, err
	}
	return newReader(path, src, o, whole)
}

// ReadArrow reads the stream format from r, batch by batch into memory, with the
// options of [OpenArrow]. The Reader's Close leaves r alone.
func ReadArrow(r io.Reader, opts ...Option) (*Reader, error) {
	o := optionsOf(opts)
	src, err := newStreamSource(&readerMessages{r: r, limit: o.memory}, nil, o)
	if err != nil {
		name("", &err)
		return nil, err
	}
	return newReader("", src, o, nil)
}

func newIPCSource(whole *npy.Array, o options) (source, error) {
	b := whole.Bytes()
	switch {
	case len(b) == 0:
		return nil, fmt.Errorf("%w: the file is empty", npy.ErrFormat)
	case bytes.HasPrefix(b, fileMagic):
		return newFileSource(whole, o)
	case bytes.HasPrefix(b, []byte("FEA1")):
		return nil, fmt.Errorf("%w: a Feather file of version 1, want version 2, which is Arrow's own format", npy.ErrFormat)
	case bytes.HasPrefix(b, []byte("PAR1")):
		return nil, fmt.Errorf("%w: a Parquet file, want an Arrow file: OpenParquet reads it", npy.ErrFormat)
	}
	return newStreamSource(&mappedMessages{file: b}, whole, o)
}

// fileSource reads the file format, by its index.
type fileSource struct {
	whole *npy.Array
	meter *meter
	file  *ipc.FileReader
	i     int
	index *index
}

func newFileSource(whole *npy.Array, o options) (s *fileSource, err error) {
	defer guard(&err)
	s = &fileSource{whole: whole, meter: newMeter(o.memory)}
	if err := whole.AdviseSequential(); err != nil {
		return nil, err
	}
	if s.index, err = readIndex(whole.Bytes()); err != nil {
		return nil, err
	}
	if s.file, err = openFile(whole.Bytes(), s.meter, s.index.foreign); err != nil {
		return nil, badFile(err)
	}
	return s, nil
}

// openFile opens a file in memory. One in the other byte order is read through a
// copy of each batch, that arrow-go turns round; so is one with dictionaries, of
// which arrow-go keeps no account for the other way.
func openFile(b []byte, m *meter, foreign bool) (f *ipc.FileReader, err error) {
	opts := []ipc.Option{ipc.WithAllocator(m), ipc.WithBodySizeLimit(0)}
	if !foreign {
		func() {
			defer guard(&err)
			f, err = ipc.NewMappedFileReader(b, opts...)
		}()
		if err == nil {
			return f, nil
		}
	}
	return ipc.NewFileReader(bytes.NewReader(b), opts...)
}

func (s *fileSource) schema() *arrow.Schema { return s.file.Schema() }
func (s *fileSource) open([]int) error      { return nil }
func (s *fileSource) rows() int64           { return s.index.rows }

func (s *fileSource) next() (arrow.RecordBatch, bool, error) {
	if s.i > 0 {
		drop(s.whole, s.index.blocks[s.i-1])
	}
	if s.i == s.file.NumRecords() {
		return nil, false, io.EOF
	}
	s.meter.reset()
	record, err := s.file.RecordBatchAt(s.i)
	if err != nil {
		return nil, false, fmt.Errorf("record batch %d of %d: %w", s.i, s.file.NumRecords(), badFile(err))
	}
	s.i++
	return record, false, nil
}

func (s *fileSource) close() error {
	s.file.Close() // its only error would be ours
	s.whole.Release()
	return nil
}

// drop gives up the pages of a part of the file that has been read. Whoever still
// uses them has them read again.
func drop(whole *npy.Array, r region) {
	part, err := whole.Part(npy.Uint8, []int{r.size}, r.at)
	if err != nil {
		return // not within the file: reading it was an error too
	}
	part.DropPages() // advice
	part.Release()
}

// streamSource reads the stream format.
type streamSource struct {
	messages interface {
		ipc.MessageReader
		ended() bool
	}
	whole *npy.Array // nil if the stream is not mapped
	meter *meter
	r     *ipc.Reader
}

func newStreamSource(messages interface {
	ipc.MessageReader
	ended() bool
}, whole *npy.Array, o options) (s *streamSource, err error) {
	defer guard(&err)
	s = &streamSource{messages: messages, whole: whole, meter: newMeter(o.memory)}
	if s.r, err = ipc.NewReaderFromMessageReader(messages, ipc.WithAllocator(s.meter)); err != nil {
		return nil, badFile(err)
	}
	return s, nil
}

func (s *streamSource) schema() *arrow.Schema { return s.r.Schema() }
func (s *streamSource) open([]int) error      { return nil }
func (s *streamSource) rows() int64           { return -1 }

func (s *streamSource) next() (arrow.RecordBatch, bool, error) {
	if m, ok := s.messages.(*mappedMessages); ok {
		drop(s.whole, m.done)
		m.done = region{m.done.at + m.done.size, 0}
	}
	s.meter.reset()
	record, err := s.r.Read()
	if err == io.EOF {
		return nil, false, io.EOF
	}
	if err != nil {
		return nil, false, badFile(err)
	}
	record.Retain()
	return record, false, nil
}

func (s *streamSource) note() string {
	if s.messages.ended() {
		return ""
	}
	return "the stream has no end marker: it may have been cut off between two batches"
}

func (s *streamSource) close() error {
	s.r.Release()
	if s.whole != nil {
		s.whole.Release()
	}
	return nil
}
