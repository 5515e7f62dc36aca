package data

import (
	"context"
	"os"
	"testing"
	"time"

	"ndflow/eager"
)

func TestZZ(t *testing.T) {
	var opts []eager.Option
	if os.Getenv("ZA") != "" {
		opts = append(opts, eager.Async())
	}
	c := newContext(t, opts...)
	f := blocking(t, c)
	for i := range 60 {
		var d Dataset
		switch os.Getenv("ZV") {
		case "map":
			d = Range(c, 0, 9, 1).Map(f, 1)
		case "prefetch":
			d = Range(c, 0, 9, 1).Map(f, 1).Prefetch(2)
		case "par2":
			d = Range(c, 0, 9, 1).Map(f, 2)
		case "auto":
			d = Range(c, 0, 9, 1).Map(f, AutoTune)
		}
		ctx, cancel := context.WithTimeout(bg, time.Duration(1+i%20)*time.Millisecond)
		for _, err := range d.All(ctx) {
			if err == nil {
				t.Error("no error")
			}
		}
		cancel()
	}
}
