// Package cuda brings arrays to CUDA devices and back: memory of a device, pinned
// memory of the host, streams, and copies between them, by the CUDA driver API.
package cuda
