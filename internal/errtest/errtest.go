// Package errtest checks errors in tests.
package errtest

import (
	"errors"
	"strings"
	"testing"
)

// Want checks that err is target, any error where that is nil, and says each of the words.
func Want(t testing.TB, err, target error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v", target)
	}
	if target != nil && !errors.Is(err, target) {
		t.Errorf("error %q is not %v", err, target)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
}
