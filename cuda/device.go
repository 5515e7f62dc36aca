package cuda

// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"
)

// Device is a CUDA device, on which memory and streams are made. It stands for
// the device's primary context (cuDevicePrimaryCtxRetain), which TensorFlow uses
// as well, so that each can use the other's memory. It is safe for concurrent
// use.
type Device struct {
	p       *primary
	closed  bool // guarded by primaries
	cleanup runtime.Cleanup
}

// Open returns the device of that number, from 0 to [DeviceCount]-1. The numbers
// are the driver's, after CUDA_VISIBLE_DEVICES; those of TensorFlow's GPU:n can
// be others, see [OrdinalOf].
//
// Close the Device when it is no longer needed.
func Open(ordinal int) (*Device, error) {
	n, err := available()
	if err != nil {
		return nil, err
	}
	if ordinal < 0 || ordinal >= n {
		return nil, fmt.Errorf("cuda: %w: have device %d, want 0 to %d", ErrDevice, ordinal, n-1)
	}
	p, err := openPrimary(ordinal)
	if err != nil {
		return nil, err
	}
	d := &Device{p: p}
	d.cleanup = runtime.AddCleanup(d, (*primary).unref, p)
	return d, nil
}

// Close gives the device back once all that was made on it is closed too, and the
// copies that are under way are done. It may be called more than once.
func (d *Device) Close() {
	if d == nil || d.p == nil {
		return
	}
	primaries.Lock()
	closed := d.closed
	d.closed = true
	primaries.Unlock()
	if closed {
		return
	}
	d.cleanup.Stop()
	d.p.unref()
	settle()
}

// use returns the context of an open device, with one reference more.
func (d *Device) use() (*primary, error) {
	if d == nil || d.p == nil {
		return nil, errors.New("cuda: nil device")
	}
	primaries.Lock()
	defer primaries.Unlock()
	if d.closed {
		return nil, fmt.Errorf("cuda: device %d: %w", d.p.ordinal, ErrClosed)
	}
	d.p.refs++
	return d.p, nil
}

// Ordinal returns the device's number in the driver.
func (d *Device) Ordinal() int { return d.p.ordinal }

// Name returns what the device is called, "NVIDIA H100 80GB HBM3".
func (d *Device) Name() string { return C.GoString(&d.p.info.name[0]) }

// Capability returns the compute capability, 9 and 0 for 9.0.
func (d *Device) Capability() (major, minor int) {
	return int(d.p.info.major), int(d.p.info.minor)
}

// PCIBusID returns the device's place in the machine, "0000:65:00.0".
func (d *Device) PCIBusID() string { return C.GoString(&d.p.info.pci[0]) }

// UUID returns the name that is the device's alone, as nvidia-smi prints it.
func (d *Device) UUID() string {
	b := *(*[16]byte)(unsafe.Pointer(&d.p.info.uuid))
	return fmt.Sprintf("GPU-%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// TotalMemory returns the bytes of memory that the device has.
func (d *Device) TotalMemory() int64 { return int64(d.p.info.memory) }

// Memory returns how many bytes of the device's memory are free, for all
// processes, and how many there are (cuMemGetInfo).
func (d *Device) Memory() (free, total int64, err error) {
	p, err := d.use()
	if err != nil {
		return 0, 0, err
	}
	defer p.unref()
	m := C.ndc_memory(p.info.ctx)
	if err := errorOf(m.status); err != nil {
		return 0, 0, fmt.Errorf("cuda: device %d: %w", p.ordinal, err)
	}
	return int64(m.free), int64(m.total), nil
}

// Synchronize waits until the device has done all work that was put on it before in
// its primary context (cuCtxSynchronize): that of all streams of this package, and of
// other libraries in the process that use that context, such as TensorFlow.
func (d *Device) Synchronize() error {
	p, err := d.use()
	if err != nil {
		return err
	}
	defer p.unref()
	if err := errorOf(C.ndc_synchronize(p.info.ctx)); err != nil {
		return fmt.Errorf("cuda: device %d: %w", p.ordinal, err)
	}
	reap()
	return nil
}

// String says which device it is: "GPU 0: NVIDIA H100 80GB HBM3, capability 9.0,
// 79.1 GiB".
func (d *Device) String() string {
	if d == nil || d.p == nil {
		return "nil device"
	}
	major, minor := d.Capability()
	return fmt.Sprintf("GPU %d: %s, capability %d.%d, %.1f GiB", d.Ordinal(), d.Name(), major, minor, float64(d.TotalMemory())/(1<<30))
}
