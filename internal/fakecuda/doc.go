// Package fakecuda is a CUDA driver for tests: a shared library of our own that
// exports the functions of libcuda which ndflow calls, over the host's memory,
// and checks every call.
package fakecuda
