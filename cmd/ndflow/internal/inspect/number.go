package inspect

import (
	"encoding/json"
	"math"
	"strconv"
)

// Number is a number as it is shown, with the digits of its own dtype: neither
// a large int64 nor a float32 survives the way through float64 unchanged.
type Number string

// MarshalJSON writes a JSON number, or a string for what JSON has no number
// for: NaN, infinities, complex numbers.
func (n Number) MarshalJSON() ([]byte, error) {
	if f, err := strconv.ParseFloat(string(n), 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
		return []byte(n), nil
	}
	return json.Marshal(string(n))
}

// rounded shows a computed float.
func rounded(f float64) Number { return Number(strconv.FormatFloat(f, 'g', 6, 64)) }
