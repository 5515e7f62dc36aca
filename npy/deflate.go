package npy

import (
	"bytes"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/flate"
)

const (
	// deflateBlock is how much is deflated at a time. Each block begins a search
	// for repetitions of its own, in what is before it too, and ends with 5 bytes
	// that bring it to a byte's border, so that blocks can be put one after another.
	deflateBlock = 512 << 10
	// deflateWindow is how far back deflate can refer.
	deflateWindow = 32 << 10
	// deflateLevel makes files as small as the standard library's default does.
	deflateLevel = 6
)

// lastDeflateBlock is an empty block that says that no other follows.
var lastDeflateBlock = []byte{3, 0}

// deflater deflates what is written to it, in blocks on all cores. The blocks come
// out in order as one stream, which any inflater reads. It takes the memory of two
// blocks for each core, whatever its input's size.
type deflater struct {
	w       io.Writer
	blocks  []*deflateJob // under way, in order
	most    int           // how many there can be
	pending []byte        // input that is not a block yet
	window  []byte        // the last of the input that has become blocks
	err     error
}

// deflateJob is a block that is being deflated.
type deflateJob struct {
	out  bytes.Buffer
	done chan struct{}
	err  error
}

func newDeflater(w io.Writer) *deflater {
	return &deflater{w: w, most: 2 * runtime.GOMAXPROCS(0)}
}

// Write takes p in. Blocks are made of p's own memory, as far as it is whole blocks,
// so it waits for them.
func (d *deflater) Write(p []byte) (int, error) {
	n := len(p)
	for d.err == nil && len(p) > 0 {
		if len(d.pending) == 0 && len(p) >= deflateBlock {
			d.begin(p[:deflateBlock])
			p = p[deflateBlock:]
			continue
		}
		part := p[:min(len(p), deflateBlock-len(d.pending))]
		d.pending = append(d.pending, part...)
		p = p[len(part):]
		if len(d.pending) == deflateBlock {
			d.begin(d.pending)
			d.pending = nil // is the block's now
		}
	}
	if n >= deflateBlock {
		d.finish(0)
	}
	if d.err != nil {
		return 0, d.err
	}
	return n, nil
}

// begin deflates a block on another goroutine, when there is room for one more.
func (d *deflater) begin(block []byte) {
	d.finish(d.most - 1)
	job := &deflateJob{done: make(chan struct{})}
	d.blocks = append(d.blocks, job)
	window := d.window
	go func() {
		defer close(job.done)
		job.err = compressBlock(&job.out, block, window)
	}()
	if len(block) >= deflateWindow {
		d.window = block[len(block)-deflateWindow:]
	}
}

// finish writes the first blocks out until no more than so many are under way.
func (d *deflater) finish(left int) {
	for len(d.blocks) > left {
		job := d.blocks[0]
		d.blocks = d.blocks[1:]
		<-job.done
		if d.err == nil {
			d.err = job.err
		}
		if d.err == nil {
			_, d.err = d.w.Write(job.out.Bytes())
		}
	}
	if left == 0 {
		d.window = bytes.Clone(d.window) // may be the caller's memory
	}
}

// Close writes what is left.
func (d *deflater) Close() error {
	d.finish(0)
	if d.err == nil && len(d.pending) > 0 {
		var out bytes.Buffer
		if d.err = compressBlock(&out, d.pending, d.window); d.err == nil {
			_, d.err = d.w.Write(out.Bytes())
		}
	}
	if d.err == nil {
		_, d.err = d.w.Write(lastDeflateBlock)
	}
	return d.err
}

// flateWriters and huffmanWriters are those that were used, as a new one takes a
// megabyte.
var flateWriters, huffmanWriters = flatePool(deflateLevel), flatePool(flate.HuffmanOnly)

func flatePool(level int) *sync.Pool {
	return &sync.Pool{New: func() any {
		w, err := flate.NewWriter(io.Discard, level)
		if err != nil {
			panic(err) // the levels are valid ones
		}
		return w
	}}
}

// compressBlock deflates a block that has something before it. Where that finds next
// to no repetitions, as in most floats, it tries shorter codes for frequent bytes
// alone: those are worth the exponents' bytes, which the library lets be otherwise.
func compressBlock(out *bytes.Buffer, block, window []byte) error {
	if err := compressWith(flateWriters, out, block, window); err != nil {
		return err
	}
	if out.Len() < len(block)-len(block)/8 {
		return nil
	}
	var other bytes.Buffer
	other.Grow(out.Len())
	if err := compressWith(huffmanWriters, &other, block, nil); err != nil {
		return err
	}
	if other.Len() < out.Len() {
		*out = other
	}
	return nil
}

func compressWith(pool *sync.Pool, out *bytes.Buffer, block, window []byte) error {
	w := pool.Get().(*flate.Writer)
	defer func() {
		w.ResetDict(io.Discard, nil) // lets go of the window
		pool.Put(w)
	}()
	w.ResetDict(out, window)
	if _, err := w.Write(block); err != nil {
		return err
	}
	return w.Flush()
}
