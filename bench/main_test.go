package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"ndflow/internal/leaktest"
	"ndflow/npy"
	"ndflow/tfc"
)

// asPeer makes the test's own program be a peer in another process.
const asPeer = "bench-peer"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asPeer {
		if err := Serve(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	leaktest.Main(m, tfc.CheckLeaks)
}

// self is the command that makes this program a peer.
func self(t *testing.T) []string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return []string{path, asPeer}
}

// sumWork adds up numbers that it keeps in memory of its own, for tests of what
// runs in other processes.
var sumWork = registerChild("test.sum", func(raw json.RawMessage) (*Work, error) {
	var args struct{ N int }
	if err := json.Unmarshal(raw, &args); err != nil {
		return nil, err
	}
	numbers := make([]int64, args.N)
	for i := range numbers {
		numbers[i] = int64(i)
	}
	var sum int64
	return &Work{
		Run: func(n int) error {
			for range n {
				sum = 0
				for _, v := range numbers {
					sum += v
				}
			}
			return nil
		},
		Results:  func() (map[string]*npy.Array, error) { return sumOf(sum), nil },
		Measures: func() map[string]float64 { return map[string]float64{"numbers": float64(len(numbers))} },
	}, nil
})

func sumOf(v int64) map[string]*npy.Array {
	return map[string]*npy.Array{"sum": npy.Scalar(v)}
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
