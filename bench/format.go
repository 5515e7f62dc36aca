package bench

import (
	"fmt"
	"math"
)

// times says a ratio in words: "8.3 times (8.1-8.6)".
func times(r Ratio) string {
	return fmt.Sprintf("%s times (%s-%s)", number(r.Value), number(r.Low), number(r.High))
}

// number has two or three digits that count.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "-"
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.095:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// duration says nanoseconds in the unit that suits them.
func duration(ns float64) string {
	unit, per := durationUnit(ns)
	return number(ns/per) + " " + unit
}

func durationUnit(ns float64) (unit string, per float64) {
	switch {
	case ns >= 1e9:
		return "s", 1e9
	case ns >= 1e6:
		return "ms", 1e6
	case ns >= 1e3:
		return "µs", 1e3
	}
	return "ns", 1
}

// size says bytes in the unit that suits them.
func size(bytes float64) string {
	unit, per := sizeUnit(bytes)
	return number(bytes/per) + " " + unit
}

// wholeSize is size for a number that was chosen to be a whole one.
func wholeSize(bytes float64) string {
	unit, per := sizeUnit(bytes)
	return fmt.Sprintf("%.3g %s", bytes/per, unit)
}

func sizeUnit(bytes float64) (unit string, per float64) {
	switch {
	case bytes >= 1<<30:
		return "GB", 1 << 30
	case bytes >= 1<<20:
		return "MB", 1 << 20
	case bytes >= 1<<10:
		return "kB", 1 << 10
	}
	return "B", 1
}
