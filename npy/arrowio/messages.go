package arrowio

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"ndflow/npy"
)

// The readers of messages here stand in for arrow-go's own, which allocates as
// much for a message as its header claims, and copies what is mapped.

const (
	continuation = 0xffffffff // begins a message, since Arrow 0.15
	maxMetadata  = 64 << 20
)

// framing is what both have in common.
type framing struct {
	end     bool // the end marker was there
	foreign bool // the data is in the other byte order
}

func (f *framing) Retain()     {}
func (f *framing) Release()    {}
func (f *framing) ended() bool { return f.end }

// mappedMessages are the messages of a stream that is in memory.
type mappedMessages struct {
	framing
	file []byte
	done region // what was read since the last batch
}

func (m *mappedMessages) Message() (*ipc.Message, error) { return m.read(m.take) }

// take gives the next n bytes: all of them, or at the very end none.
func (m *mappedMessages) take(n int64) ([]byte, error) {
	at := m.done.at + m.done.size
	left := len(m.file) - at
	switch {
	case n > 0 && left == 0:
		return nil, io.EOF
	case n > int64(left):
		return nil, fmt.Errorf("%w: want %d bytes and have %d: %w", npy.ErrFormat, n, left, io.ErrUnexpectedEOF)
	}
	m.done.size += int(n)
	return m.file[at : at+int(n) : at+int(n)], nil
}

// readerMessages are those of a stream that comes from elsewhere.
type readerMessages struct {
	framing
	r     io.Reader
	limit int64
}

func (m *readerMessages) Message() (*ipc.Message, error) { return m.read(m.take) }

// take allocates as the bytes arrive, whatever the stream claims.
func (m *readerMessages) take(n int64) ([]byte, error) {
	if n > m.limit {
		return nil, fmt.Errorf("%w: %d bytes, of %d", errMemory, n, m.limit)
	}
	var b bytes.Buffer
	have, err := io.CopyN(&b, m.r, n)
	switch {
	case err == io.EOF && have == 0:
		return nil, io.EOF
	case err == io.EOF:
		return nil, fmt.Errorf("%w: want %d bytes and have %d: %w", npy.ErrFormat, n, have, io.ErrUnexpectedEOF)
	}
	return b.Bytes(), err
}

// read reads one message: its size, its metadata, which says how long the
// body is, and the body. io.EOF is the end, with or without a marker.
func (f *framing) read(take func(int64) ([]byte, error)) (*ipc.Message, error) {
	b, err := take(4)
	if err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(b)
	if size == continuation {
		if b, err = take(4); err != nil {
			return nil, cut(err)
		}
		size = binary.LittleEndian.Uint32(b)
	}
	switch {
	case size == 0:
		f.end = true
		return nil, io.EOF
	case size < 4 || size > maxMetadata:
		return nil, fmt.Errorf("%w: no Arrow stream: a message with %d bytes of metadata", npy.ErrFormat, size)
	}
	metadata, err := take(int64(size))
	if err != nil {
		return nil, cut(err)
	}
	n, _, foreign, err := verifyMessage(metadata)
	if err != nil {
		return nil, err
	}
	f.foreign = f.foreign || foreign
	body, err := take(n)
	if err != nil {
		return nil, cut(err)
	}
	if f.foreign {
		body = bytes.Clone(body) // arrow-go turns it round in its place
	}
	return ipc.NewMessage(memory.NewBufferBytes(metadata), memory.NewBufferBytes(body)), nil
}

// cut is the error of a message that has begun and ends too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: the stream is cut off: %w", npy.ErrFormat, io.ErrUnexpectedEOF)
	}
	return err
}
