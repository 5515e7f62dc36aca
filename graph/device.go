package graph

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"ndflow/tfc"
)

var (
	shortDevice = regexp.MustCompile(`^/?(?:device:)?([A-Za-z_]+)(?::(\d+|\*))?$`)
	longDevice  = regexp.MustCompile(`^(?:/job:[A-Za-z_]\w*)?(?:/replica:(?:\d+|\*))?(?:/task:(?:\d+|\*))?(?:/device:[A-Z_]+:(?:\d+|\*))?$`)
)

// deviceSpec returns TensorFlow's form of a device, "/device:CPU:0", for any of
// the usual ones: CPU:0, cpu:0, /cpu:0, and CPU for the first. Whether there is
// such a device is known only when a session runs the operation.
func deviceSpec(name string) (string, error) {
	if m := shortDevice.FindStringSubmatch(name); m != nil {
		number := m[2]
		if number == "" {
			number = "0"
		}
		return fmt.Sprintf("/device:%s:%s", strings.ToUpper(m[1]), number), nil
	}
	if !longDevice.MatchString(name) {
		return "", fmt.Errorf("device %q: %w: want the form CPU:0, /device:CPU:0 or /job:worker/replica:0/task:1/device:CPU:0", name, tfc.InvalidArgument)
	}
	return name, nil
}

// WithDevice chooses where the ops run that the graph puts on no device. CPU keeps
// the session off the GPUs. GPU:0 and so on is one of those that the driver shows;
// the session sees no other and calls it GPU:0. Ops that have no kernel for GPUs run
// on the CPU all the same. That there is no such device is a [NameError].
//
// Without the option TensorFlow takes the first GPU where there is one. A process
// numbers its GPUs once, so TensorFlow refuses a session that asks for another GPU
// than an earlier one did; eager contexts have them all.
func WithDevice(name string) Option {
	return func(o *options) { o.device = name }
}

// configDevice puts the device into the session's configuration.
func (o *options) configDevice() error {
	if o.device == "" {
		return nil
	}
	m := shortDevice.FindStringSubmatch(o.device)
	switch {
	case m == nil || m[2] == "*":
	case strings.EqualFold(m[1], "CPU") && (m[2] == "" || m[2] == "0"):
		o.config.NoGPUs()
		return nil
	case strings.EqualFold(m[1], "GPU"):
		n, err := strconv.Atoi(cmp.Or(m[2], "0"))
		if err == nil {
			o.config.VisibleGPUs(n)
			return nil
		}
	}
	return fmt.Errorf("device %q: %w: want CPU, or GPU:0 and so on", o.device, tfc.InvalidArgument)
}

// checkDevice returns an error where the session has not the device that was asked
// for.
func (s *Session) checkDevice(name string) error {
	if name == "" {
		return nil
	}
	devices, err := s.Devices()
	if err != nil {
		return err
	}
	kind := strings.ToUpper(shortDevice.FindStringSubmatch(name)[1])
	e := &NameError{Kind: "device", Name: name}
	for _, d := range devices {
		if d.Type == kind {
			return nil
		}
		_, short, _ := strings.Cut(d.Name, "/device:")
		e.Have = append(e.Have, short)
	}
	return e
}
