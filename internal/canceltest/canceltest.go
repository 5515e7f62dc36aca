// Package canceltest helps tests of steps and calls that are cancelled.
package canceltest

import (
	"os"
	"testing"

	"ndflow/tfc"
)

// NeedsPlugin ends a test of what only the plugin can do, where that was turned off.
func NeedsPlugin(t testing.TB) {
	t.Helper()
	if os.Getenv(tfc.EnvPlacement) == "off" {
		t.Skip(tfc.EnvPlacement + " is off")
	}
	if _, err := tfc.Load(""); err != nil {
		t.Fatal(err)
	}
	if !tfc.CanCancel() {
		t.Fatal("the plugin that cancels steps is missing; scripts/libtensorflow builds it")
	}
}

// Threads is how many threads this process has.
func Threads(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
