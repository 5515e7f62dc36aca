package bench

import "fmt"

// times says a ratio in words: "8.3 times (8.1-8.6)".
func times(r Ratio) string {
	return fmt.Sprintf("%s times (%s-%s)", number(r.Value), number(r.Low), number(r.High))
}

// number has two or three digits that count.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.095:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.2g", v)
}
