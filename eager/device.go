package eager

import (
	"slices"
	"strings"

	"ndflow/graph"
)

// Device is a device of a context.
type Device struct {
	Name   string // "/job:localhost/replica:0/task:0/device:CPU:0"
	Type   string // "CPU", "GPU"
	Memory int64  // bytes, as far as TensorFlow knows
}

// String returns the short name, "CPU:0", which names a device of this process.
func (d Device) String() string { return shortDevice(d.Name) }

// Devices lists the context's devices.
func (c *Context) Devices() []Device { return slices.Clone(c.devices) }

// shortDevice is what comes after "/device:" in a full name of this process, and
// the whole name of any other.
func shortDevice(name string) string {
	const local = "/job:localhost/replica:0/task:0/device:"
	if short, ok := strings.CutPrefix(name, local); ok {
		return short
	}
	return name
}

// device returns the full name of a device that is given in any of the usual
// ways: CPU:1, cpu:1, /cpu:1, /device:CPU:1, /job:localhost/.../device:CPU:1, and
// CPU for the first. The empty name stays empty: any device.
func (c *Context) device(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	for _, d := range c.devices {
		if name == d.Name {
			return name, nil
		}
	}
	want := strings.ToUpper(strings.TrimPrefix(strings.TrimPrefix(strings.ToLower(name), "/"), "device:"))
	if !strings.Contains(want, ":") {
		want += ":0"
	}
	e := &graph.NameError{Package: "eager", Kind: "device", Name: name}
	for _, d := range c.devices {
		if shortDevice(d.Name) == want {
			return d.Name, nil
		}
		e.Have = append(e.Have, d.String())
	}
	return "", e
}
