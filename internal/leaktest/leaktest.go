// Package leaktest runs a package's tests, and fails them for what they leave behind.
package leaktest

import (
	"fmt"
	"os"
	"testing"
)

// Main is for a TestMain: it runs the tests, then the checks, such as tfc.CheckLeaks, and
// ends the process.
func Main(m *testing.M, checks ...func() error) {
	code := m.Run()
	for _, check := range checks {
		if err := check(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
