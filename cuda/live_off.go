//go:build !leakcheck

package cuda

// live costs nothing in builds without the tag leakcheck.
var live liveCounts

type liveCounts struct{}

func (liveCounts) add(string, int) {}

// CheckLeaks returns an error that lists the objects of the driver that exist after what
// is unreachable has been collected. It checks only in builds with the tag
// leakcheck; a TestMain calls it last.
func CheckLeaks() error { return nil }
