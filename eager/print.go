package eager

import (
	"errors"
	"fmt"
	"strings"

	"ndflow/npy"
)

// String returns the tensor as NumPy prints an array, with dtype, shape and device.
// It waits for a tensor that is still being computed.
func (t *Tensor) String() string {
	info, err := t.h.Describe()
	if errors.Is(err, ErrClosed) {
		return "<closed>"
	}
	if err != nil {
		return fmt.Sprintf("<failed: %v>", err)
	}
	device, err := t.Device()
	if err != nil {
		return fmt.Sprintf("<failed: %v>", err)
	}
	if info.DataType.DType() == npy.Invalid {
		return fmt.Sprintf("<%v> %v on %s", info.DataType, info.Shape, device)
	}
	v, err := t.Value()
	if err != nil {
		return fmt.Sprintf("<failed: %v>", err)
	}
	defer v.Release()
	text, between := v.String(), " "
	if strings.Contains(text, "\n") {
		between = "\n"
	}
	return fmt.Sprintf("%s%s%v %v on %s", text, between, v.DType(), v.Shape(), device)
}
