package graph

import (
	"fmt"
	"regexp"
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
