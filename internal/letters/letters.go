// Package letters writes numbers and bars for people to read.
package letters

import (
	"fmt"
	"math"
	"strings"
)

// Bar is a bar of a part, 0 to 1, of the width; what is not 0 is seen.
func Bar(part float64, width int, unicode bool) string {
	part = max(0, min(part, 1))
	if !unicode {
		n := int(part*float64(width) + 0.5)
		if n == 0 && part > 0 {
			return "."
		}
		return strings.Repeat("#", n)
	}
	eighths := int(part*float64(width)*8 + 0.5)
	if eighths == 0 && part > 0 {
		eighths = 1
	}
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s
}

// Wall is what bars begin at.
func Wall(unicode bool) string {
	if unicode {
		return "│"
	}
	return "|"
}

// Group writes a count with a comma at every third digit.
func Group(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Short writes a number with four digits, or a whole one with up to seven.
func Short(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < 1e7 {
		return fmt.Sprintf("%.0f", x+0) // no -0
	}
	return fmt.Sprintf("%.4g", x)
}
