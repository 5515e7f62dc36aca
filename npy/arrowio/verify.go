package arrowio

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"

	flatbuffers "github.com/google/flatbuffers/go"

	"ndflow/npy"
)

// arrow-go trusts what a message's metadata says of its own vectors, and allocates
// for as many fields as it claims to have; Go ends the program where there is no
// such memory. So each message is looked through before arrow-go sees it.

// The places of fields in the tables of Arrow's Message.fbs, Schema.fbs and
// File.fbs: four, and two more for each field before.
const (
	messageKind     = 6
	messageHeader   = 8
	messageBody     = 10
	messageMetadata = 12

	schemaEndian   = 4
	schemaFields   = 6
	schemaMetadata = 8

	fieldKind     = 8
	fieldType     = 10
	fieldChildren = 14
	fieldMetadata = 16

	unionTypes = 6 // Union.typeIds

	batchLength   = 4
	batchNodes    = 6
	batchBuffers  = 8
	batchVariadic = 12

	dictionaryData = 6

	footerSchema       = 6
	footerDictionaries = 8
	footerBatches      = 10
)

// The kinds of messages, and that of a union among the types.
const (
	kindSchema     = 1
	kindDictionary = 2
	kindBatch      = 3
	kindUnion      = 14
)

// verifier looks through one flatbuffer. What it may visit is bounded, as tables
// can share their parts, and a small buffer can so spell out a large schema.
type verifier struct {
	tables int // that may still be visited
	text   int // bytes of text that may still be read

	// foreign says that a schema was there, of data in the other byte order:
	// arrow-go turns that round where it lies, which must not be a mapped file.
	foreign bool
}

func newVerifier(b []byte) *verifier { return &verifier{tables: len(b), text: 16*len(b) + 1<<10} }

// verify runs check over a flatbuffer. The library's accessors check nothing and
// panic where an offset leads outside.
func verify(b []byte, check func(v *verifier, root *flatbuffers.Table) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: metadata that leads outside of itself", npy.ErrFormat)
		}
	}()
	return check(newVerifier(b), rootOf(b))
}

func rootOf(b []byte) *flatbuffers.Table {
	return &flatbuffers.Table{Bytes: b, Pos: flatbuffers.GetUOffsetT(b)}
}

// slot is where a field is in its table, or 0.
func slot(t *flatbuffers.Table, field flatbuffers.VOffsetT) flatbuffers.UOffsetT {
	return flatbuffers.UOffsetT(t.Offset(field))
}

// vector is a field's vector of items of so many bytes, which must lie within the
// buffer.
func (v *verifier) vector(t *flatbuffers.Table, field flatbuffers.VOffsetT, size int) (at, n int, err error) {
	o := slot(t, field)
	if o == 0 {
		return 0, 0, nil
	}
	at, n = int(t.Vector(o)), t.VectorLen(o)
	if n < 0 || at > len(t.Bytes) || n > (len(t.Bytes)-at)/size {
		return 0, 0, fmt.Errorf("%w: metadata with a vector of %d items in %d bytes", npy.ErrFormat, n, len(t.Bytes))
	}
	return at, n, nil
}

// each calls f for each table of a vector of tables.
func (v *verifier) each(t *flatbuffers.Table, field flatbuffers.VOffsetT, f func(*flatbuffers.Table) error) error {
	at, n, err := v.vector(t, field, 4)
	if err != nil {
		return err
	}
	for i := range n {
		if v.tables--; v.tables < 0 {
			return fmt.Errorf("%w: metadata that repeats itself", npy.ErrFormat)
		}
		if err := f(&flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(flatbuffers.UOffsetT(at + 4*i))}); err != nil {
			return err
		}
	}
	return nil
}

// keyValues looks through custom metadata.
func (v *verifier) keyValues(t *flatbuffers.Table, field flatbuffers.VOffsetT) error {
	return v.each(t, field, func(kv *flatbuffers.Table) error {
		for _, f := range []flatbuffers.VOffsetT{4, 6} {
			_, n, err := v.vector(kv, f, 1)
			if err != nil {
				return err
			}
			if v.text -= n; v.text < 0 {
				return fmt.Errorf("%w: metadata that repeats itself", npy.ErrFormat)
			}
		}
		return nil
	})
}

func (v *verifier) schema(s *flatbuffers.Table) error {
	big, bigHost := uint16(0), binary.NativeEndian.Uint16([]byte{0, 1})&1
	if o := slot(s, schemaEndian); o != 0 {
		big = s.GetUint16(s.Pos + o)
	}
	v.foreign = v.foreign || big != bigHost
	if err := v.keyValues(s, schemaMetadata); err != nil {
		return err
	}
	return v.each(s, schemaFields, func(f *flatbuffers.Table) error { return v.field(f, 64) })
}

func (v *verifier) field(f *flatbuffers.Table, depth int) error {
	if depth == 0 {
		return fmt.Errorf("%w: types that are nested too deep", npy.ErrFormat)
	}
	if err := v.keyValues(f, fieldMetadata); err != nil {
		return err
	}
	if o := slot(f, fieldKind); o != 0 && f.GetByte(f.Pos+o) == kindUnion {
		var union flatbuffers.Table
		f.Union(&union, slot(f, fieldType))
		if _, _, err := v.vector(&union, unionTypes, 4); err != nil {
			return err
		}
	}
	return v.each(f, fieldChildren, func(c *flatbuffers.Table) error { return v.field(c, depth-1) })
}

// batch looks through a record batch's header, for a body of that size.
func (v *verifier) batch(b *flatbuffers.Table, body int64) error {
	if _, _, err := v.vector(b, batchNodes, 16); err != nil {
		return err
	}
	at, buffers, err := v.vector(b, batchBuffers, 16)
	if err != nil {
		return err
	}
	for i := range buffers {
		pos := flatbuffers.UOffsetT(at + 16*i)
		offset, size := b.GetInt64(pos), b.GetInt64(pos+8)
		if offset < 0 || size < 0 || size > body || offset > body-size {
			return fmt.Errorf("%w: a buffer at bytes %d and %d on, of %d", npy.ErrFormat, offset, size, body)
		}
	}
	at, n, err := v.vector(b, batchVariadic, 8)
	if err != nil {
		return err
	}
	for i := range n {
		if count := b.GetInt64(flatbuffers.UOffsetT(at + 8*i)); count < 0 || count > int64(buffers) {
			return fmt.Errorf("%w: a column with %d buffers, of %d", npy.ErrFormat, count, buffers)
		}
	}
	return nil
}

// message looks through a message, and returns how long its body is and, of a
// record batch, how many rows it says there are.
func (v *verifier) message(m *flatbuffers.Table) (body, rows int64, err error) {
	if o := slot(m, messageBody); o != 0 {
		body = m.GetInt64(m.Pos + o)
	}
	if body < 0 {
		return 0, 0, fmt.Errorf("%w: a message with a body of %d bytes", npy.ErrFormat, body)
	}
	if err := v.keyValues(m, messageMetadata); err != nil {
		return 0, 0, err
	}
	kind, header := byte(0), flatbuffers.Table{}
	if o := slot(m, messageKind); o != 0 {
		kind = m.GetByte(m.Pos + o)
	}
	o := slot(m, messageHeader)
	if o == 0 {
		return 0, 0, fmt.Errorf("%w: a message with no header", npy.ErrFormat)
	}
	m.Union(&header, o)
	switch kind {
	case kindSchema:
		err = v.schema(&header)
	case kindDictionary:
		data := header
		if data.Pos = header.Indirect(header.Pos + slot(&header, dictionaryData)); slot(&header, dictionaryData) == 0 {
			return 0, 0, fmt.Errorf("%w: a dictionary with no data", npy.ErrFormat)
		}
		err = v.batch(&data, body)
	case kindBatch:
		if o := slot(&header, batchLength); o != 0 {
			rows = header.GetInt64(header.Pos + o)
		}
		err = v.batch(&header, body)
	default:
		err = fmt.Errorf("%w: a message of kind %d", npy.ErrFormat, kind)
	}
	if err == nil && rows < 0 {
		err = fmt.Errorf("%w: a batch of %d rows", npy.ErrFormat, rows)
	}
	return body, rows, err
}

// verifyMessage is message for a message's bytes.
func verifyMessage(metadata []byte) (body, rows int64, foreign bool, err error) {
	err = verify(metadata, func(v *verifier, root *flatbuffers.Table) (err error) {
		body, rows, err = v.message(root)
		foreign = v.foreign
		return err
	})
	return body, rows, foreign, err
}

// verifySchema looks through the Arrow schema that a Parquet file has with it,
// which is a stream with a schema only, in base64.
func verifySchema(text string) error {
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return fmt.Errorf("%w: the Arrow schema: %w", npy.ErrFormat, err)
	}
	if _, err := (&mappedMessages{file: b}).Message(); err != nil {
		return fmt.Errorf("%w: the Arrow schema: %w", npy.ErrFormat, err)
	}
	return nil
}
