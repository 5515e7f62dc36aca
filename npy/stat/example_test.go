package stat_test

import (
	"fmt"
	"math"

	"ndflow/npy"
	"ndflow/npy/stat"
)

func Example() {
	a, _ := npy.From([]float32{1, 2, 0, 5, float32(math.NaN())})
	s, err := stat.Of(a)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d elements, %d zeros, %d NaNs: %s to %s, mean %.4g, std %.4g\n",
		s.Count, s.Zeros, s.NaNs, s.Least(), s.Greatest(), s.Mean, s.Std)
	// Output: 5 elements, 1 zeros, 1 NaNs: 0 to 5, mean 2, std 1.871
}
