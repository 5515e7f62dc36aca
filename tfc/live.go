package tfc

import (
	"fmt"

	"ndflow/internal/live"
)

// objects are the C objects that exist, in builds with the tag leakcheck.
var objects live.Counts

// CheckLeaks returns an error that lists the C objects that exist after what
// is unreachable has been collected. It checks only in builds with the tag
// leakcheck; a TestMain calls it last.
func CheckLeaks() error {
	left := objects.Left(func() {
		holds.Lock()
		defer holds.Unlock()
		reapHolds()
	})
	if left != "" {
		return fmt.Errorf("tfc: left over: %s", left)
	}
	return nil
}
