package eager

import (
	"fmt"
	"sync"

	"ndflow/cuda"
	"ndflow/npy"
	"ndflow/tfc"
)

// gpus are the devices of a context whose memory is not the host's. TensorFlow and
// the driver number them each in their own way, so which is which is found out from
// where a tensor lies.
type gpus struct {
	mu      sync.Mutex
	ordinal map[string]int       // of devices, by full name; unknown before they were asked for
	open    map[int]*cuda.Device // nil once the context is closed
}

// unknown is the ordinal of a device that has not been asked for.
const unknown = -1

// newGPUs returns nil where there are none.
func newGPUs(devices []Device) *gpus {
	var g *gpus
	for _, d := range devices {
		if d.Type == "GPU" {
			if g == nil {
				g = &gpus{ordinal: make(map[string]int), open: make(map[int]*cuda.Device)}
			}
			g.ordinal[d.Name] = unknown
		}
	}
	return g
}

// has reports whether a device has memory of its own.
func (g *gpus) has(device string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, ok := g.ordinal[device]
	return ok
}

// use calls f with the driver's device of that number.
func (g *gpus) use(ordinal int, f func(*cuda.Device) error) error {
	g.mu.Lock()
	d, ok := g.open[ordinal]
	if !ok {
		var err error
		if d, err = cuda.Open(ordinal); err != nil {
			g.mu.Unlock()
			return err
		}
		if g.open == nil { // tensors outlive their context
			defer d.Close()
		} else {
			g.open[ordinal] = d
		}
	}
	g.mu.Unlock()
	return f(d)
}

func (g *gpus) close() {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.open {
		d.Close()
	}
	g.open = nil
}

// named returns the name that a device of the driver's has in the context.
func (c *Context) named(ordinal int) (string, error) {
	if c.gpus == nil {
		return "", fmt.Errorf("%w: the context has no GPU, but %v", cuda.ErrDevice, c.devices)
	}
	for _, d := range c.devices {
		if !c.gpus.has(d.Name) {
			continue
		}
		have, err := c.ordinalOf(d.Name)
		if err != nil {
			return "", fmt.Errorf("which of the driver's GPUs is %v: %w", d, err)
		}
		if have == ordinal {
			return d.Name, nil
		}
	}
	return "", fmt.Errorf("%w: it is of the driver's GPU %d, which is none of the context's %v", cuda.ErrDevice, ordinal, c.devices)
}

// ordinalOf is the driver's number of a GPU of the context. It is found out, once, from
// where a tensor on it lies.
func (c *Context) ordinalOf(device string) (int, error) {
	if ordinal := c.gpus.known(device); ordinal != unknown {
		return ordinal, nil
	}
	host, err := c.Tensor(npy.Scalar(float32(0)))
	if err != nil {
		return 0, bare(err)
	}
	defer host.Close()
	there, err := host.h.CopyTo(c.c, device)
	if err != nil {
		return 0, err
	}
	defer there.Close()
	p, err := there.InPlace()
	if err != nil {
		return 0, err
	}
	defer p.Close()
	return c.ordinalAt(p)
}

// ordinalAt is ordinalOf for the device that a tensor lies on.
func (c *Context) ordinalAt(p *tfc.InPlace) (int, error) {
	if ordinal := c.gpus.known(p.Device); ordinal != unknown {
		return ordinal, nil
	}
	if p.Size == 0 { // it may lie nowhere
		return c.ordinalOf(p.Device)
	}
	ordinal, err := cuda.OrdinalOf(p.Address)
	if err != nil {
		return 0, err
	}
	c.gpus.mu.Lock()
	defer c.gpus.mu.Unlock()
	c.gpus.ordinal[p.Device] = ordinal
	return ordinal, nil
}

func (g *gpus) known(device string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ordinal, ok := g.ordinal[device]; ok {
		return ordinal
	}
	return unknown
}
