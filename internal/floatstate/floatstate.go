//go:build amd64 || arm64

// Package floatstate reads and sets the floating-point state of the calling thread:
// rounding, and what becomes of denormal numbers. It is for tests, which keep the
// thread by runtime.LockOSThread meanwhile and set the state back, since Go counts
// on its own.
package floatstate

// Get returns the state: MXCSR, or FPCR.
func Get() uint32

// Set sets it.
func Set(state uint32)
