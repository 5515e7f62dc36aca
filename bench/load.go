package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// A sample of what others do on the machine is taken while nothing of ours runs.
const (
	loadSample = 250 * time.Millisecond
	highLoad   = 0.1 // of all cores
)

// othersLoad returns the share of the machine's cores that others keep busy. It is
// false where the system does not say.
func othersLoad(ctx context.Context) (load float64, ok bool) {
	busy0, all0, ok := cpuTicks()
	if !ok {
		return 0, false
	}
	select {
	case <-time.After(loadSample):
	case <-ctx.Done():
		return 0, false
	}
	busy1, all1, _ := cpuTicks()
	if all1 <= all0 {
		return 0, false
	}
	return (busy1 - busy0) / (all1 - all0), true
}

// cpuTicks reads how long all cores have been busy, and in all, since the start.
// What a hypervisor has given to others counts as busy.
func cpuTicks() (busy, all float64, ok bool) {
	raw, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	fields := strings.Fields(first)
	if len(fields) < 9 || fields[0] != "cpu" {
		return 0, 0, false
	}
	for i, f := range fields[1:9] { // user nice system idle iowait irq softirq steal
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, 0, false
		}
		all += v
		if i != 3 && i != 4 {
			busy += v
		}
	}
	return busy, all, true
}

// loadWarning says that others have disturbed the timings; empty if they have not.
func loadWarning(samples []float64) string {
	if len(samples) == 0 {
		return ""
	}
	s := summarize(samples)
	most := 0.0
	for _, v := range samples {
		most = max(most, v)
	}
	if s.Median < highLoad && most < 3*highLoad {
		return ""
	}
	return fmt.Sprintf("others kept %.1f of %d cores busy (at most %.1f): the times are less exact, the ratios less so",
		s.Median*float64(runtime.NumCPU()), runtime.NumCPU(), most*float64(runtime.NumCPU()))
}
