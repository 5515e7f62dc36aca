package eager

import (
	"errors"
	"strings"
	"testing"

	"ndflow/internal/memory"
	"ndflow/ops/array"
	"ndflow/tfc"

	"ndflow/ops"
)

// TestErrorsSayOnce makes every kind of mistake with an op, and reads each error.
func TestErrorsSayOnce(t *testing.T) {
	c, other := newContext(t), newContext(t)
	one, strange := tensor(t, c, []float32{1, 2}, 2), tensor(t, other, []float32{1}, 1)
	long, ints := tensor(t, c, []float32{1, 2, 3}, 3), tensor(t, c, []int32{1, 2}, 2)
	closed := tensor(t, c, []float32{1}, 1)
	closed.Close()
	empty, err := c.Empty()
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	for name, make := range map[string]func() *Op{
		"nil":              func() *Op { return c.Op("Pack").InputList(one, nil) },
		"another context":  func() *Op { return c.Op("Pack").InputList(one, strange) },
		"closed":           func() *Op { return c.Op("Pack").InputList(one, closed) },
		"closed, alone":    func() *Op { return c.Op("Neg").Input(closed) },
		"shapes":           func() *Op { return c.Op("Pack").InputList(one, long) },
		"types":            func() *Op { return c.Op("Pack").InputList(one, ints) },
		"nothing":          func() *Op { return c.Op("Pack").InputList() },
		"no list":          func() *Op { return c.Op("Pack").Input(one) },
		"attribute":        func() *Op { return c.Op("Pack").InputList(one).Int("axes", 1) },
		"attribute's kind": func() *Op { return c.Op("Pack").InputList(one).Bool("axis", true) },
		"value":            func() *Op { return c.Op("Pack").InputList(one).Int("axis", 99) },
		"device":           func() *Op { return c.Op("Pack").InputList(one).Device("TPU:7") },
		"op":               func() *Op { return c.Op("Peck").InputList(one) },
		"NUL":              func() *Op { return c.Op("Pack\x00").InputList(one) },
		"NUL in device":    func() *Op { return c.Op("Pack").InputList(one).Device("CPU:0\x00") },
		"NUL in attribute": func() *Op { return c.Op("Pack").InputList(one).Int("axis\x00", 0) },
		"closed op":        func() *Op { o := c.Op("Pack").InputList(one); o.Close(); return o },
	} {
		for how, run := range map[string]func(*Op) error{
			"Run":     func(o *Op) error { _, err := o.Run(); return err },
			"Output":  func(o *Op) error { _, err := o.Output(); return err },
			"Prepare": (*Op).Prepare,
			"RunTo":   func(o *Op) error { return o.RunTo(empty) },
			"RunInto": func(o *Op) error { return o.RunInto(nil) },
		} {
			o := make()
			err := run(o)
			o.Close()
			if err == nil {
				if how == "Prepare" {
					continue // what only TensorFlow finds
				}
				t.Errorf("%s: %s: no error", name, how)
				continue
			}
			if text := err.Error(); !strings.HasPrefix(text, "eager: ") || strings.Count(text, "eager: ") != 1 || strings.Count(text, "Pack: ") > 1 {
				t.Errorf("%s: %s: %q", name, how, text)
			}
		}
	}
	s := ops.NewScope[*Tensor](c)
	defer s.Close()
	array.Pack(s, []*Tensor{one, strange})
	if err := s.Err(); !errors.Is(err, ErrContext) || strings.Count(err.Error(), "eager: ") != 1 {
		t.Errorf("by its wrapper: %v", err)
	}
}

// TestNamesWithNUL gives names that C would cut off.
func TestNamesWithNUL(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1}, 1)
	_, err := c.Op("Neg\x00x").Input(x).Run()
	if !errors.Is(err, tfc.ErrName) {
		t.Errorf("op: %v", err)
	}
	if _, err := c.Op("Neg").Input(x).Int("_a\x00b", 1).Run(); !errors.Is(err, tfc.ErrName) {
		t.Errorf("attribute: %v", err)
	}
	if _, err := x.To("CPU:0\x00"); err == nil {
		t.Error("device: no error")
	}
}

// TestClearCaches runs an op with ever new attributes: what is cleared between does not
// fill memory.
func TestClearCaches(t *testing.T) {
	c := newContext(t)
	x := tensor(t, c, []float32{1, 2}, 2)
	axis := tensor(t, c, []int32{0}, 1)
	n := 0
	round := func() {
		for range 1000 {
			n++
			out, err := c.Op("Sum").Input(x, axis).Int("_number", int64(n)).Output()
			if err != nil {
				t.Fatal(err)
			}
			out.Close()
		}
		if err := c.ClearCaches(); err != nil {
			t.Fatal(err)
		}
	}
	const rounds = 20
	for range rounds { // until memory is used again
		round()
	}
	before := memory.Now(t, "RssAnon")
	for range rounds { // 20,000 kernels, which would be 45 MB
		round()
	}
	if rise := memory.Now(t, "RssAnon") - before; rise > memory.Bound(20<<20) {
		t.Errorf("20,000 sets of attributes, cleared, take %d KB", rise>>10)
	}
	if v, err := c.Op("Neg").Input(x).Output(); err != nil {
		t.Errorf("behind ClearCaches: %v", err)
	} else {
		v.Close()
	}
	c.Close()
	if err := c.ClearCaches(); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}
