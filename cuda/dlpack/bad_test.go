package dlpack

import (
	"testing"
	"unsafe"
)

// managed is a DLManagedTensorVersioned as it lies in memory.
type managed struct {
	major, minor   uint32
	context        uintptr
	deleter        uintptr
	flags          uint64
	data           uintptr
	device, number int32
	ndim           int32
	code, bits     uint8
	lanes          uint16
	shape, strides *int64
	offset         uint64
}

// badTensor lends a float32 array of shape [2 2] and spoils the tensor.
func badTensor(t *testing.T, name string) unsafe.Pointer {
	t.Helper()
	p, err := Lend(iota32(t, 4, 2, 2))
	must(t, err)
	m := (*managed)(p)
	switch name {
	case "version":
		m.major = 2
	case "lanes":
		m.lanes = 4
	case "code":
		m.code = 99
	case "packed":
		m.code, m.bits = 0, 4
	case "device":
		m.device = 7
	case "ordinal":
		m.device, m.number = 2, 77
	case "strides":
		s := unsafe.Slice(m.strides, 2)
		s[0], s[1] = 1, 2
	case "shape":
		m.shape = nil
	case "dims":
		m.ndim = 65
	case "huge":
		s := unsafe.Slice(m.shape, 2)
		s[0], s[1], m.strides = 1<<40, 1<<40, nil
	case "below":
		s := unsafe.Slice(m.shape, 2)
		s[0], m.strides = -1, nil
	case "align":
		m.offset = 2
	case "null":
		m.data = 0
	case "foreign":
		m.device = 2
	default:
		t.Fatalf("no way to spoil a tensor is called %q", name)
	}
	return p
}
