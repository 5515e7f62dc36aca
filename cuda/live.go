package cuda

import (
	"fmt"

	"ndflow/internal/live"
)

// objects are the driver's that exist, in builds with the tag leakcheck.
var objects live.Counts

// CheckLeaks returns an error that lists the objects of the driver that exist
// after what is unreachable has been collected. It checks only in builds with
// the tag leakcheck; a TestMain calls it last.
func CheckLeaks() error {
	if left := objects.Left(reap); left != "" {
		return fmt.Errorf("cuda: left over: %s", left)
	}
	return nil
}
