package cuda

// #include "driver.h"
import "C"

import (
	"fmt"
	"unsafe"

	"ndflow/npy"
)

// Memory is an array that can be copied to or from: an [*npy.Array], a
// [*HostBuffer] or a [*Buffer], and no other type.
type Memory interface {
	Holder
	DType() npy.DType
	Shape() []int
	NDim() int
	Dim(axis int) int
	Len() int
	ReadOnly() bool
}

var _ = []Memory{(*npy.Array)(nil), (*HostBuffer)(nil), (*Buffer)(nil)}

// side is one side of a copy.
type side struct {
	m    Memory
	p    *primary // nil for the host
	addr uintptr
	size int
	host unsafe.Pointer
}

func sideOf(m Memory, name string) (side, error) {
	switch m := m.(type) {
	case *Buffer:
		if m == nil || m.mem == nil {
			break
		}
		return side{m: m, p: m.mem.p, addr: m.addr, size: m.Size()}, nil
	case *HostBuffer:
		if m == nil || m.Array == nil {
			break
		}
		return hostSide(m.Array, name)
	case *npy.Array:
		if m == nil {
			break
		}
		return hostSide(m, name)
	case nil:
	default:
		return side{}, fmt.Errorf("cuda: copy: %s is a %T, want an *npy.Array, a *cuda.HostBuffer or a *cuda.Buffer", name, m)
	}
	return side{}, fmt.Errorf("cuda: copy: %s is nil", name)
}

func hostSide(a *npy.Array, name string) (side, error) {
	if a.DType() == npy.String {
		return side{}, fmt.Errorf("cuda: copy: %s: %w: strings have no place in a device's memory", name, npy.ErrDType)
	}
	return side{m: a, size: a.Len() * a.DType().Size()}, nil
}

// hold keeps the memory of a side where it is until the event has passed.
func (x *side) hold(e *Event, i int) error {
	switch m := x.m.(type) {
	case *Buffer:
		if !m.hold() {
			return ErrClosed
		}
	case *npy.Array:
		if err := m.Hold(); err != nil {
			return err
		}
		if x.size > 0 {
			p := unsafe.SliceData(m.Bytes())
			e.pins[i].Pin(p)
			x.addr = uintptr(unsafe.Pointer(p))
		}
	default:
		if err := m.Hold(); err != nil {
			return err
		}
	}
	e.holds[i] = x.m
	return nil
}

// holdSides holds both sides, or none.
func holdSides(e *Event, dst, src *side) error {
	if err := dst.hold(e, 0); err != nil {
		return fmt.Errorf("cuda: copy: dst: %w", err)
	}
	if err := src.hold(e, 1); err != nil {
		e.letGo()
		return fmt.Errorf("cuda: copy: src: %w", err)
	}
	if overlap(*dst, *src) {
		e.letGo()
		return fmt.Errorf("cuda: copy: %w: src is %s, dst is %s", ErrOverlap, describe(src.m), describe(dst.m))
	}
	return nil
}

// fits returns an error where src cannot be copied to dst, or to its front: dst
// is flat, or equals src beyond axis 0.
func fits(dst, src Memory) error {
	if dst.DType() != src.DType() {
		return fmt.Errorf("cuda: copy: %w: src is %s, dst is %s", npy.ErrDType, describe(src), describe(dst))
	}
	ok := dst.NDim() == 1 || dst.NDim() == src.NDim()
	for i := 1; ok && dst.NDim() > 1 && i < dst.NDim(); i++ {
		ok = dst.Dim(i) == src.Dim(i)
	}
	if !ok || src.Len() > dst.Len() {
		return fmt.Errorf("cuda: copy: %w: src is %s, dst is %s, want the same shape, or a dst that is flat or longer on axis 0", npy.ErrShape, describe(src), describe(dst))
	}
	return writable(dst)
}

func writable(dst Memory) error {
	if dst.ReadOnly() {
		return fmt.Errorf("cuda: copy: dst, %s: %w", describe(dst), ErrReadOnly)
	}
	return nil
}

// describe says what a side is.
func describe(m Memory) string {
	if b, ok := m.(*Buffer); ok {
		return "buffer " + b.String()
	}
	return fmt.Sprintf("array %v %v", m.DType(), m.Shape())
}

// work is the copy from src to dst, whose sizes were checked. It may be done on a
// stream of any of the devices.
func work(dst, src side) C.ndc_work {
	w := C.ndc_work{dst: C.uintptr_t(dst.addr), src: C.uintptr_t(src.addr), size: C.size_t(src.size)}
	switch {
	case src.size == 0:
		w.kind = C.NDC_NOTHING
	case src.p == nil:
		w.kind = C.NDC_HOST_TO_DEVICE
	case dst.p == nil:
		w.kind = C.NDC_DEVICE_TO_HOST
	case src.p == dst.p:
		w.kind = C.NDC_DEVICE_TO_DEVICE
	default:
		w.kind = C.NDC_PEER
		w.dst_ctx, w.src_ctx = dst.p.info.ctx, src.p.info.ctx
		src.p.enablePeer(dst.p)
	}
	return w
}

func overlap(dst, src side) bool {
	return dst.p == src.p && src.size > 0 && dst.addr < src.addr+uintptr(src.size) && src.addr < dst.addr+uintptr(src.size)
}

// sides checks a copy, and says what its sides are.
func sides(dstMem, srcMem Memory) (dst, src side, err error) {
	if dst, err = sideOf(dstMem, "dst"); err != nil {
		return dst, src, err
	}
	if src, err = sideOf(srcMem, "src"); err != nil {
		return dst, src, err
	}
	return dst, src, fits(dst.m, src.m)
}

// put puts a copy whose sides are held on a stream, and lets them go when it is
// done.
func (s *stream) put(e *Event, dst, src side, wait bool) error {
	w := work(dst, src)
	w.wait = C.bool(wait)
	e.s, e.partial = s, dst.m
	return s.enqueue(e, w)
}

// Copy puts a copy on the stream and returns an event that passes when it is
// done. dst and src are held until then: closing them, or dropping them, is
// delayed. Arrays in the Go heap are pinned. Neither may be written to before
// the event has passed, nor dst be read.
//
// The two have the same dtype, and the same shape unless dst is flat or longer on
// axis 0: then the copy is to its front (see [npy.Array.Front]). At least one of
// them is a [Buffer] of the stream's device. A copy from or to a [HostBuffer] is
// one transfer that runs by itself; with other memory of the host the driver
// copies in pieces, and Copy, with all other calls on the stream, may not return
// before that is done.
func (s *Stream) Copy(dst, src Memory) (*Event, error) {
	d, r, err := sides(dst, src)
	if err != nil {
		return nil, err
	}
	in, err := s.use()
	if err != nil {
		return nil, err
	}
	defer in.unref()
	switch {
	case d.p == nil && r.p == nil:
		return nil, fmt.Errorf("cuda: copy: %w: both sides are in the host's memory, want a buffer on one; npy.Array.Land copies between arrays", ErrDevice)
	case d.p != in.p && r.p != in.p:
		return nil, fmt.Errorf("cuda: copy: %w: src is %s, dst is %s, the stream is of GPU %d", ErrDevice, describe(src), describe(dst), in.p.ordinal)
	}
	e := new(Event)
	if err := holdSides(e, &d, &r); err != nil {
		return nil, err
	}
	if err := in.put(e, d, r, false); err != nil {
		return nil, err
	}
	return e, nil
}

// Copy copies src to dst and returns when that is done; see [Stream.Copy] for
// what fits what. Copies that are under way on streams are not waited for. Both
// sides may be in the host's memory.
func Copy(dst, src Memory) error {
	d, r, err := sides(dst, src)
	if err != nil {
		return err
	}
	p := r.p
	if p == nil {
		p = d.p
	}
	if p == nil {
		return landOnHost(dst, src)
	}
	return copyNow(p, d, r)
}

// copyNow copies by a stream of the context's own. The sides are held before that
// is taken, since they keep the context.
func copyNow(p *primary, dst, src side) error {
	e := new(Event)
	if err := holdSides(e, &dst, &src); err != nil {
		return err
	}
	s, err := p.takeStream()
	if err != nil {
		e.letGo()
		return err
	}
	defer s.unref()
	return s.put(e, dst, src, true)
}

func landOnHost(dst, src Memory) error {
	if _, err := arrayOf(dst).Land(arrayOf(src)); err != nil {
		return fmt.Errorf("cuda: copy: %w", err)
	}
	return nil
}

func arrayOf(m Memory) *npy.Array {
	if h, ok := m.(*HostBuffer); ok {
		return h.Array
	}
	return m.(*npy.Array)
}

// Zero puts on the stream that all bytes of b become 0 (cuMemsetD8Async).
func (s *Stream) Zero(b *Buffer) (*Event, error) {
	d, err := sideOf(b, "dst")
	if err != nil {
		return nil, err
	}
	if err := writable(b); err != nil {
		return nil, err
	}
	in, err := s.use()
	if err != nil {
		return nil, err
	}
	defer in.unref()
	if d.p != in.p {
		return nil, fmt.Errorf("cuda: zero: %w: %s, the stream is of GPU %d", ErrDevice, describe(b), in.p.ordinal)
	}
	e := &Event{s: in, partial: b}
	if err := d.hold(e, 0); err != nil {
		return nil, fmt.Errorf("cuda: zero: %w", err)
	}
	w := C.ndc_work{dst: C.uintptr_t(d.addr), size: C.size_t(d.size)}
	if d.size > 0 {
		w.kind = C.NDC_ZERO
	}
	if err := in.enqueue(e, w); err != nil {
		return nil, err
	}
	return e, nil
}

// CopyFrom is [Stream.Copy] out of memory that another library owns: size bytes at
// ptr, of the stream's device, to the front of dst, whatever its shape. owner is
// held until the event has passed; it may be nil where the memory stays until
// then for other reasons.
func (s *Stream) CopyFrom(dst Memory, ptr uintptr, size int, owner Holder) (*Event, error) {
	in, err := s.use()
	if err != nil {
		return nil, err
	}
	defer in.unref()
	e := new(Event)
	if err := in.putFrom(e, dst, ptr, size, owner, false); err != nil {
		return nil, err
	}
	return e, nil
}

// CopyFrom copies size bytes at ptr, memory of the device that another library
// owns, to the front of dst, whatever its shape, and returns when that is done.
func (d *Device) CopyFrom(dst Memory, ptr uintptr, size int) error {
	p, err := d.use()
	if err != nil {
		return err
	}
	defer p.unref()
	s, err := p.takeStream()
	if err != nil {
		return err
	}
	defer s.unref()
	return s.putFrom(new(Event), dst, ptr, size, nil, true)
}

func (s *stream) putFrom(e *Event, dstMem Memory, ptr uintptr, size int, owner Holder, wait bool) error {
	dst, err := sideOf(dstMem, "dst")
	if err != nil {
		return err
	}
	if err := writable(dst.m); err != nil {
		return err
	}
	if element := dst.m.DType().Size(); size < 0 || size > dst.size || size%element != 0 {
		return fmt.Errorf("cuda: copy: %w: have %d bytes, dst is %s of %d bytes", npy.ErrShape, size, describe(dst.m), dst.size)
	}
	if err := s.p.checkRange(ptr, size); err != nil {
		return err
	}
	src := side{m: foreign{dst.m, owner}, p: s.p, addr: ptr, size: size}
	if err := holdSides(e, &dst, &src); err != nil {
		return err
	}
	return s.put(e, dst, src, wait)
}

// foreign is the source of CopyFrom: of it nothing is known but its owner.
type foreign struct {
	Memory
	owner Holder
}

func (f foreign) Hold() error {
	if f.owner == nil {
		return nil
	}
	return f.owner.Hold()
}

func (f foreign) Unhold() {
	if f.owner != nil {
		f.owner.Unhold()
	}
}
