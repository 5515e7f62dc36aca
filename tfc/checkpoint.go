package tfc

// #include <stdlib.h>
// #include "capi.h"
// #include "loader.h"
import "C"

import (
	"fmt"
	"runtime"
	"sync"

	"ndflow/npy"
)

// CheckpointReader is a TF_CheckpointReader: it reads tensors of a checkpoint by their
// keys, one at a time. It is safe for concurrent use, as its calls take turns.
//
// TensorFlow's code trusts the index of a checkpoint: one whose entries make no sense,
// though their checksums fit, ends the process.
type CheckpointReader struct {
	mu      sync.Mutex
	prefix  string
	c       *C.TF_CheckpointReader // nil once closed, and after an error
	closed  bool
	cleanup runtime.Cleanup
	known   map[string]CheckpointEntry
	list    []CheckpointEntry
}

// CheckpointEntry is a tensor of a checkpoint.
type CheckpointEntry struct {
	Key      string
	DataType DataType
	Shape    []int
}

// NewCheckpointReader opens the checkpoint with this prefix, which is what the names of
// its files begin with (TF_NewCheckpointReader).
func NewCheckpointReader(prefix string) (*CheckpointReader, error) {
	if err := ensure(); err != nil {
		return nil, err
	}
	if missing := C.ndf_missing_checkpoint(); missing != nil {
		return nil, unsupported(C.GoString(missing), "reading checkpoints")
	}
	r := &CheckpointReader{prefix: prefix, known: make(map[string]CheckpointEntry)}
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := r.readList(); err != nil {
		r.Close()
		return nil, fmt.Errorf("tfc: checkpoint %s: %w", prefix, err)
	}
	return r, nil
}

func (r *CheckpointReader) open() error {
	cprefix, err := cName(r.prefix)
	if err != nil {
		return err
	}
	defer freeName(cprefix)
	var c *C.TF_CheckpointReader
	if err := status(func(s *C.TF_Status) { c = C.TF_NewCheckpointReader(cprefix, s) }); err != nil {
		return fmt.Errorf("tfc: checkpoint %s: %w", r.prefix, err)
	}
	r.c = c
	r.cleanup = runtime.AddCleanup(r, freeCheckpointReader, c)
	objects.Add("checkpoint reader", 1)
	return nil
}

func freeCheckpointReader(c *C.TF_CheckpointReader) {
	C.TF_DeleteCheckpointReader(c)
	objects.Add("checkpoint reader", -1)
}

// Close closes the checkpoint. Tensors that were read stay valid.
func (r *CheckpointReader) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.free()
}

func (r *CheckpointReader) free() {
	if r.c != nil {
		r.cleanup.Stop()
		freeCheckpointReader(r.c)
		r.c = nil
	}
}

func (r *CheckpointReader) readList() error {
	n := int(C.TF_CheckpointReaderSize(r.c))
	for i := range n {
		name := C.TF_CheckpointReaderGetVariable(r.c, C.int(i))
		e := CheckpointEntry{Key: C.GoString(name), DataType: DataType(C.TF_CheckpointReaderGetVariableDataType(r.c, name))}
		dims := make([]C.int64_t, C.TF_CheckpointReaderGetVariableNumDims(r.c, name))
		err := status(func(s *C.TF_Status) {
			C.TF_CheckpointReaderGetVariableShape(r.c, name, ptr(dims), C.int(len(dims)), s)
		})
		if err != nil {
			return fmt.Errorf("%q: %w", e.Key, err)
		}
		e.Shape = make([]int, len(dims))
		for i, d := range dims {
			e.Shape[i] = int(d)
		}
		r.list = append(r.list, e)
		r.known[e.Key] = e
	}
	return nil
}

// Entries lists the tensors by their keys, in alphabetical order. The list is the
// reader's own.
func (r *CheckpointReader) Entries() []CheckpointEntry { return r.list }

// Tensor reads a tensor (TF_CheckpointReaderGetTensor), which is the caller's to close.
// Its checksum is compared. What has no array form is refused, since reading an unknown
// data type ends the process.
func (r *CheckpointReader) Tensor(key string) (*Tensor, error) {
	e, ok := r.known[key]
	switch {
	case !ok:
		return nil, fmt.Errorf("tfc: checkpoint: no tensor %q: %w", key, NotFound)
	case e.DataType.DType() == npy.Invalid:
		return nil, fmt.Errorf("tfc: checkpoint: %q: a tensor of %v has no array form", key, e.DataType)
	}
	ckey, err := cName(key)
	if err != nil {
		return nil, err
	}
	defer freeName(ckey)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, fmt.Errorf("tfc: checkpoint: %w", ErrClosed)
	}
	if r.c == nil {
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	var c *C.TF_Tensor
	if err := status(func(s *C.TF_Status) { c = C.TF_CheckpointReaderGetTensor(r.c, ckey, s) }); err != nil {
		r.free() // a reader that has failed once ends the process when it is used again
		return nil, fmt.Errorf("tfc: checkpoint: %q: %w", key, err)
	}
	return ownTensor(c, nil), nil
}
