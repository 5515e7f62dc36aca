package bench_test

import (
	"context"
	"fmt"
	"log"

	"ndflow/bench"
)

// One scenario, in its quick form, with ndflow beside a loop in C.
func Example() {
	scenarios, err := bench.Find("batching")
	if err != nil {
		log.Fatal(err)
	}
	report, err := bench.Run(context.Background(), bench.Options{
		Scenarios: scenarios, Quick: true, Peers: []string{"ndflow", "floor"},
	})
	if err != nil {
		log.Fatal(err)
	}
	result := report.Scenarios[0]
	for _, c := range result.Cases[:2] {
		for _, p := range c.Peers[:3] {
			fmt.Printf("%s: %s: %s\n", c.Name, p.Name, p.State)
		}
	}
	ratio, ok := result.Ratio("one op, 1", "Runner, calling thread", "one op, 1", "C, calling thread")
	fmt.Println(ok, ratio.Low <= ratio.Value && ratio.Value <= ratio.High)

	// Output:
	// one op, 1: C, calling thread: timed
	// one op, 1: C, pool: timed
	// one op, 1: Runner, calling thread: timed
	// one op, 8: C, calling thread: timed
	// one op, 8: C, pool: timed
	// one op, 8: Runner, calling thread: timed
	// true true
}
