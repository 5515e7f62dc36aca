package npy

import "fmt"

// Count returns the number of elements of an array of that dtype and shape: for
// packages that keep arrays in memory which is not the host's. Whatever [New]
// refuses is an error here.
func Count(dtype DType, shape ...int) (int, error) {
	n, err := checkShape(dtype, shape)
	if err != nil {
		return 0, fmt.Errorf("npy: %w", err)
	}
	return n, nil
}
