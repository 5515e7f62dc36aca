//go:build !leakcheck

package tfc

// live costs nothing in builds without the tag leakcheck.
var live liveCounts

type liveCounts struct{}

func (liveCounts) add(string, int) {}

// CheckLeaks returns an error that lists the C objects that exist after what
// is unreachable has been collected. It checks only in builds with the tag
// leakcheck; a TestMain calls it last.
func CheckLeaks() error { return nil }
