package bench

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestSummarize(t *testing.T) {
	for _, c := range []struct {
		times []float64
		want  Summary
	}{
		{[]float64{7}, Summary{7, 7, 7}},
		{[]float64{4, 2}, Summary{3, 2.5, 3.5}},
		{[]float64{5, 1, 3}, Summary{3, 2, 4}},
		{[]float64{4, 1, 3, 2, 5}, Summary{3, 2, 4}},
	} {
		if have := summarize(c.times); have != c.want {
			t.Errorf("%v: have %v, want %v", c.times, have, c.want)
		}
	}
	if have := summarize(nil); !math.IsNaN(have.Median) {
		t.Errorf("of nothing: have %v, want NaN", have)
	}
}

// Drift that both feel alike is in neither the ratio nor its interval.
func TestPairedRatioIgnoresDrift(t *testing.T) {
	var a, b []float64
	for i := range 21 {
		speed := 1 + float64(i)/5
		a, b = append(a, 30*speed), append(b, 10*speed)
	}
	if r := pairedRatio(a, b); !near3(r.Value) || !near3(r.Low) || !near3(r.High) {
		t.Errorf("have %v, want 3 (3-3)", r)
	}
	if r := unpairedRatio(a, b); r.Low > 2.5 || r.High < 3.5 {
		t.Errorf("not in pairs: have %v, want a wide interval", r)
	}
}

func near3(v float64) bool { return math.Abs(v-3) < 1e-9 }

// The interval has the true ratio in it about as often as it says.
func TestIntervalCoverage(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	draw := func(mean float64) []float64 {
		v := make([]float64, 21)
		for i := range v {
			v[i] = mean * math.Exp(0.1*r.NormFloat64())
		}
		return v
	}
	const trials = 200
	for name, ratio := range map[string]func(a, b []float64) Ratio{"paired": pairedRatio, "unpaired": unpairedRatio} {
		inside := 0
		for range trials {
			x := ratio(draw(2), draw(1))
			if x.Low > x.Value || x.Value > x.High {
				t.Fatalf("%s: have %v, want the value in its interval", name, x)
			}
			if x.Low <= 2 && 2 <= x.High {
				inside++
			}
		}
		if inside < trials*85/100 {
			t.Errorf("%s: the true ratio is in %d of %d intervals, want 95 %%", name, inside, trials)
		}
	}
}

// A report is a function of its timings.
func TestBootstrapRepeats(t *testing.T) {
	a, b := []float64{3, 5, 4, 6, 3}, []float64{1, 2, 1, 3, 2}
	if pairedRatio(a, b) != pairedRatio(a, b) || unpairedRatio(a, b) != unpairedRatio(a, b) {
		t.Error("the same timings give two intervals")
	}
}

func TestRatio(t *testing.T) {
	r := Ratio{Value: 2, Low: 1.6, High: 2.5}
	if r.Includes1() || !(Ratio{1.1, 0.9, 1.2}).Includes1() {
		t.Error("Includes1 is wrong")
	}
	if have, want := r.Inverse(), (Ratio{0.5, 0.4, 0.625}); have != want {
		t.Errorf("inverse: have %v, want %v", have, want)
	}
	for want, r := range map[string]Ratio{
		"2.00 (1.60-2.50)":    r,
		"1.10 (0.90-1.20) ~":  {1.1, 0.9, 1.2},
		"430 (410-451)":       {430.2, 410, 451},
		"0.0062 (0.004-0.10)": {0.0062, 0.004, 0.0999},
	} {
		if have := r.String(); have != want {
			t.Errorf("have %q, want %q", have, want)
		}
	}
}

func TestAffordable(t *testing.T) {
	for _, c := range []struct {
		round time.Duration
		want  int
	}{{time.Millisecond, 21}, {10 * time.Second, 12}, {time.Hour, fewestRounds}} {
		if have := affordable(21, c.round); have != c.want {
			t.Errorf("a round of %v: have %d, want %d", c.round, have, c.want)
		}
	}
	if have := affordable(3, time.Hour); have != 3 {
		t.Errorf("of 3: have %d", have)
	}
}
