//go:build !amd64

package quant

func quantizeVectors([]byte, []float32, *table, bool, bool) (done int, nan bool) { return 0, false }

func boundsVectors(_, _, _ []float32, _ bool) (done int, nan bool) { return 0, false }
