//go:build leakcheck

package live

import "testing"

func TestCounts(t *testing.T) {
	var c Counts
	if left := c.Left(func() {}); left != "" {
		t.Errorf("of nothing, have %q", left)
	}
	c.Add("tensor", 1)
	c.Add("session", 2)
	c.Add("graph", 1)
	c.Add("graph", -1)
	reaped := false
	left := c.Left(func() {
		if !reaped {
			c.Add("session", -1)
		}
		reaped = true
	})
	if want := "1 session, 1 tensor"; left != want {
		t.Errorf("have %q, want %q", left, want)
	}
}
