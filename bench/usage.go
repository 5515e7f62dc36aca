package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// What is seen of peers in scenarios of whole processes.
const (
	MeasurePeak  = "peak bytes" // resident at once, mapped files included
	MeasureOwn   = "own bytes"  // the same without mapped files, as far as samples see
	MeasureCores = "cores"      // kept busy on average
)

// How often memory is looked at. Each look takes some 30 µs.
const usageEvery = 10 * time.Millisecond

// watched makes a process's work measure what the process uses.
func (p *process) watched(w *Work) *Work {
	run, measures := w.Run, w.Measures
	pids := group(p.cmd.Process.Pid) // a command of the user's is a shell, and what that has started
	var seen map[string]float64
	w.Run = func(n int) error {
		stop := make(chan struct{})
		own := make(chan float64)
		go func() { own <- watchOwn(pids, stop) }()
		cpu, start := busy(pids), time.Now()
		err := run(n)
		took := time.Since(start)
		close(stop)
		seen = map[string]float64{
			MeasureOwn:   <-own,
			MeasurePeak:  memoryOf(pids, "VmHWM"),
			MeasureCores: float64(busy(pids)-cpu) / float64(took),
		}
		return err
	}
	w.Measures = func() map[string]float64 {
		for name, v := range measures() {
			seen[name] = v
		}
		return seen
	}
	return w
}

// watchOwn returns the most memory of their own that the processes were seen with.
func watchOwn(pids []int, stop chan struct{}) (most float64) {
	ticker := time.NewTicker(usageEvery)
	defer ticker.Stop()
	for {
		most = max(most, memoryOf(pids, "RssAnon"))
		select {
		case <-ticker.C:
		case <-stop:
			return max(most, memoryOf(pids, "RssAnon"))
		}
	}
}

// memoryOf sums a field of the processes' status.
func memoryOf(pids []int, name string) (bytes float64) {
	for _, pid := range pids {
		kB, _ := strconv.ParseFloat(strings.TrimSuffix(field(fmt.Sprintf("/proc/%d/status", pid), name), " kB"), 64)
		bytes += kB * 1024
	}
	return bytes
}

// tick is the unit of times in /proc, which Linux fixes at 100 a second.
const tick = 10 * time.Millisecond

// busy is how long the processes have kept cores busy.
func busy(pids []int) (sum time.Duration) {
	for _, pid := range pids {
		fields := statFields(pid)
		for _, i := range []int{11, 12} { // utime, stime
			if i < len(fields) {
				n, _ := strconv.ParseInt(fields[i], 10, 64)
				sum += time.Duration(n) * tick
			}
		}
	}
	return sum
}

// group lists the processes of a process group.
func group(leader int) []int {
	dirs, _ := filepath.Glob("/proc/[0-9]*") // its only error is a bad pattern
	var pids []int
	for _, d := range dirs {
		pid, err := strconv.Atoi(filepath.Base(d))
		if err != nil {
			continue
		}
		if f := statFields(pid); len(f) > 2 && f[2] == strconv.Itoa(leader) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// statFields are those of /proc/PID/stat behind the command's name, which may have
// spaces and brackets in it: state, ppid, pgrp, ...
func statFields(pid int) []string {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if i := strings.LastIndexByte(string(raw), ')'); i >= 0 {
		return strings.Fields(string(raw[i+1:]))
	}
	return nil
}
