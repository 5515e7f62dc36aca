package cuda

// #include "driver.h"
import "C"

import (
	"errors"
	"fmt"
	"slices"
)

// Result is a result code of the driver (CUresult). A Result is an error itself,
// so that errors.Is(err, cuda.OutOfMemory) works on an [*Error].
type Result int

// The codes that a caller may want to tell apart, with CUDA's numbers; all
// others come as numbers, and with CUDA's names in messages.
const (
	InvalidValue          Result = 1
	OutOfMemory           Result = 2
	NotInitialized        Result = 3
	Deinitialized         Result = 4
	DeviceUnavailable     Result = 46
	NoDevice              Result = 100
	InvalidDevice         Result = 101
	InvalidContext        Result = 201
	ECCUncorrectable      Result = 214
	NVLinkUncorrectable   Result = 220
	InvalidHandle         Result = 400
	NotReady              Result = 600
	IllegalAddress        Result = 700
	LaunchTimeout         Result = 702
	ContextIsDestroyed    Result = 709
	AssertFailed          Result = 710
	AlreadyRegistered     Result = 712
	NotRegistered         Result = 713
	HardwareStackError    Result = 714
	IllegalInstruction    Result = 715
	MisalignedAddress     Result = 716
	InvalidAddressSpace   Result = 717
	InvalidProgramCounter Result = 718
	LaunchFailed          Result = 719
	NotPermitted          Result = 800
	NotSupported          Result = 801
	SystemNotReady        Result = 802
	SystemDriverMismatch  Result = 803
	UnknownError          Result = 999
)

// The codes after which nothing that was made in the context can be used, and no
// work of it goes on: what a copy needed can be given back.
var lost = []Result{
	Deinitialized, InvalidContext, ECCUncorrectable, NVLinkUncorrectable, IllegalAddress,
	LaunchTimeout, ContextIsDestroyed, AssertFailed, HardwareStackError, IllegalInstruction,
	MisalignedAddress, InvalidAddressSpace, InvalidProgramCounter, LaunchFailed,
}

// Error returns CUDA's name, number and words for the code:
// "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory".
func (r Result) Error() string {
	if current() == nil {
		return fmt.Sprintf("CUDA error %d", int(r))
	}
	var name, text *C.char
	C.cuGetErrorName(C.CUresult(r), &name)
	C.cuGetErrorString(C.CUresult(r), &text)
	if name == nil {
		return fmt.Sprintf("CUDA error %d", int(r))
	}
	return fmt.Sprintf("%s (%d): %s", C.GoString(name), int(r), C.GoString(text))
}

// Error is what a function of the driver returned.
type Error struct {
	Code Result
	Call string // the function's name in the driver API
}

func (e *Error) Error() string { return e.Call + ": " + e.Code.Error() }

// Unwrap returns the code.
func (e *Error) Unwrap() error { return e.Code }

// Is makes an Error [ErrDeviceLost] where its code says so.
func (e *Error) Is(target error) bool {
	return target == ErrDeviceLost && slices.Contains(lost, e.Code)
}

// Errors of this package's own making, for errors.Is. Those about shapes and
// dtypes are npy's, [npy.ErrShape] and [npy.ErrDType].
var (
	// ErrUnavailable: CUDA cannot be used in this process; see [Available].
	ErrUnavailable = errors.New("CUDA is not available")
	// ErrClosed: the object was closed.
	ErrClosed = errors.New("already closed")
	// ErrDevice: memory or a stream is of another device.
	ErrDevice = errors.New("wrong device")
	// ErrReadOnly: the destination must not be written to.
	ErrReadOnly = errors.New("memory is read-only")
	// ErrOverlap: the two sides of a copy share memory.
	ErrOverlap = errors.New("source and destination overlap")
	// ErrDeviceLost: the device, or its context, is lost; all that was made on it
	// can only be closed.
	ErrDeviceLost = errors.New("device is lost")
	// ErrPartial: the destination may hold a part of what was to be copied.
	ErrPartial = errors.New("the destination may be partly written")
	// ErrForked: this process was forked from one that had the driver open.
	ErrForked = errors.New("the driver does not work in a forked process; start it with exec, or use CUDA only after the fork")
)

// errorOf is the error in a status, nil where there is none.
func errorOf(st C.ndc_status) error {
	switch st.code {
	case C.CUDA_SUCCESS:
		return nil
	case C.NDC_FORKED:
		return ErrForked
	}
	return &Error{Code: Result(st.code), Call: C.GoString(st.call)}
}
