// Package gputest has the tests that want a GPU and TensorFlow's build for GPUs: what
// TensorFlow computes on the device lands in memory of every kind. They are built with
// the tag gpu and run by scripts/gpu; elsewhere a fake driver stands in, in the tests of
// packages eager and cuda.
package gputest
