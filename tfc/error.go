package tfc

// #include "capi.h"
import "C"

import (
	"errors"
	"fmt"

	"ndflow/npy"
)

// Code is TensorFlow's canonical error code (TF_Code). A Code is an error
// itself, so that errors.Is(err, tfc.NotFound) works on an [*Error].
type Code int

// The codes, with TensorFlow's numbers.
const (
	Cancelled          Code = 1
	Unknown            Code = 2
	InvalidArgument    Code = 3
	DeadlineExceeded   Code = 4
	NotFound           Code = 5
	AlreadyExists      Code = 6
	PermissionDenied   Code = 7
	ResourceExhausted  Code = 8
	FailedPrecondition Code = 9
	Aborted            Code = 10
	OutOfRange         Code = 11
	Unimplemented      Code = 12
	Internal           Code = 13
	Unavailable        Code = 14
	DataLoss           Code = 15
	Unauthenticated    Code = 16
)

var codeNames = [...]string{
	Cancelled: "cancelled", Unknown: "unknown", InvalidArgument: "invalid argument",
	DeadlineExceeded: "deadline exceeded", NotFound: "not found", AlreadyExists: "already exists",
	PermissionDenied: "permission denied", ResourceExhausted: "resource exhausted",
	FailedPrecondition: "failed precondition", Aborted: "aborted", OutOfRange: "out of range",
	Unimplemented: "unimplemented", Internal: "internal", Unavailable: "unavailable",
	DataLoss: "data loss", Unauthenticated: "unauthenticated",
}

func (c Code) Error() string {
	if c > 0 && int(c) < len(codeNames) {
		return codeNames[c]
	}
	return fmt.Sprintf("code %d", int(c))
}

// Error is what a TF_Status says when it is not OK.
type Error struct {
	Code    Code
	Message string
}

func (e *Error) Error() string { return "tensorflow: " + e.Code.Error() + ": " + e.Message }

// Unwrap returns the code.
func (e *Error) Unwrap() error { return e.Code }

// Errors of this package's own making, for errors.Is.
var (
	ErrLibrary     = errors.New("no usable TensorFlow library")
	ErrUnsupported = errors.New("not supported by this TensorFlow library")
	ErrClosed      = errors.New("already closed")
	ErrInUse       = errors.New("array is still in use by TensorFlow")
	ErrForeign     = errors.New("not of this graph")
	ErrAbandoned   = errors.New("step was abandoned")
	ErrAligned     = fmt.Errorf("memory is not aligned to %d bytes", npy.Align)
)

// unsupported says that the loaded library lacks the C function that something
// needs.
func unsupported(function, what string) error {
	version := "unknown version"
	if lib, err := Load(""); err == nil {
		version = "TensorFlow " + lib.Version()
	}
	return fmt.Errorf("tfc: %s: %w: %s has no %s", what, ErrUnsupported, version, function)
}

// status runs one C call that reports through a TF_Status.
func status(call func(*C.TF_Status)) error {
	s := C.TF_NewStatus()
	defer C.TF_DeleteStatus(s)
	call(s)
	return statusError(s)
}

// statusError copies what s says; nil when it is OK.
func statusError(s *C.TF_Status) error {
	code := C.TF_GetCode(s)
	if code == 0 {
		return nil
	}
	return &Error{Code: Code(code), Message: C.GoString(C.TF_Message(s))}
}
