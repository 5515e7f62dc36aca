package shrink

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
)

// check runs a model over the same data again and again, and compares what it makes
// with what it made at first.
type check struct {
	model  *eager.Model
	sig    graph.Signature
	inputs map[string]*npy.Blocks
	npz    *npy.NPZ // that they are read from
	rows   int      // of the inputs whose first dimension is open
	batch  int      // rows in a step
	first  []map[string]*npy.Array
}

// openCheck reads the data, and finds out whether it can be the signature's.
func openCheck(m *eager.Model, o Options) (_ *check, err error) {
	sig, err := m.Signature(o.Signature)
	if err != nil {
		return nil, err
	}
	c := &check{model: m, sig: sig, inputs: map[string]*npy.Blocks{}, rows: -1}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	if filepath.Ext(o.Check) == ".npy" {
		if len(sig.Inputs) != 1 {
			return nil, fmt.Errorf("%s: which input is it? The signature %q has %d; a .npz file gives arrays their names", o.Check, sig.Name, len(sig.Inputs))
		}
		if c.inputs[sig.Inputs[0].Name], err = npy.OpenBlocks(o.Check); err != nil {
			return nil, err
		}
	} else if err := c.readAll(o.Check); err != nil {
		return nil, err
	}
	for _, in := range sig.Inputs {
		a := c.inputs[in.Name]
		if a == nil {
			return nil, fmt.Errorf("%s: there is no array %q, which the signature %q takes (%v)", o.Check, in.Name, sig.Name, in)
		}
		if err := fits(a, in); err != nil {
			return nil, fmt.Errorf("%s: input %q: %w", o.Check, in.Name, err)
		}
		if !open(in) {
			continue
		}
		if c.rows >= 0 && c.rows != a.Shape()[0] {
			c.rows = 0 // not all in the same rows: there are no batches
			break
		}
		c.rows = a.Shape()[0]
	}
	if c.batch = o.Batch; c.rows <= 0 || c.batch == 0 {
		c.rows, c.batch = 1, 1 // one step with all
	}
	return c, nil
}

func (c *check) readAll(path string) error {
	z, err := npy.OpenNPZ(path)
	if err != nil {
		return err
	}
	c.npz = z
	for _, name := range z.Names() {
		if !slices.ContainsFunc(c.sig.Inputs, func(s graph.Spec) bool { return s.Name == name }) {
			return fmt.Errorf("%s: the signature %q has no input %q, there are %s", path, c.sig.Name, name, specs(c.sig.Inputs))
		}
		if c.inputs[name], err = z.Blocks(name); err != nil {
			return err
		}
	}
	return nil
}

// close gives up the data.
func (c *check) close() {
	for _, b := range c.inputs {
		b.Release()
	}
	if c.npz != nil {
		c.npz.Close()
	}
}

// rowsOf reads rows of an input, or all of it: that stays, as each step wants it.
func (c *check) rowsOf(s graph.Spec, lo, hi int) (*npy.Array, error) {
	b := c.inputs[s.Name]
	if shape := b.Shape(); open(s) && (lo > 0 || hi < shape[0]) && c.rows == shape[0] {
		return b.Rows(lo, hi)
	}
	a, err := b.Array()
	if err == nil && !b.View() {
		b.Release()
		c.inputs[s.Name] = a.Blocks()
	}
	return a, err
}

func specs(list []graph.Spec) string {
	text := "none"
	for i, s := range list {
		if i == 0 {
			text = ""
		} else {
			text += ", "
		}
		text += fmt.Sprintf("%q (%v)", s.Name, s)
	}
	return text
}

// open reports whether rows can be more or fewer.
func open(s graph.Spec) bool { return len(s.Shape) > 0 && s.Shape[0] == -1 }

func fits(a *npy.Blocks, s graph.Spec) error {
	shape := a.Shape()
	ok := a.DType() == s.DType && (s.Shape == nil || len(s.Shape) == len(shape))
	for i := range s.Shape {
		ok = ok && (s.Shape[i] == -1 || s.Shape[i] == shape[i])
	}
	if !ok {
		return fmt.Errorf("have %v %v, want %v", a.DType(), shape, s)
	}
	return nil
}

// reference keeps what the model makes as it is.
func (c *check) reference(ctx context.Context) error {
	return c.steps(ctx, func(_ int, out map[string]*npy.Array) error {
		c.first = append(c.first, out)
		return nil
	})
}

// compare runs the model again and says how far its outputs are from the first ones.
func (c *check) compare(ctx context.Context) ([]Output, error) {
	sums := map[string]*difference{}
	err := c.steps(ctx, func(i int, out map[string]*npy.Array) error {
		for name, a := range out {
			if sums[name] == nil {
				sums[name] = &difference{}
			}
			if err := sums[name].add(a, c.first[i][name]); err != nil {
				return fmt.Errorf("output %q: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var list []Output
	for _, s := range c.sig.Outputs {
		if d := sums[s.Name]; d != nil {
			list = append(list, d.output(s.Name, s.DType))
		}
	}
	return list, nil
}

// steps runs the model over the data, in batches.
func (c *check) steps(ctx context.Context, use func(step int, out map[string]*npy.Array) error) error {
	for step, lo := 0, 0; lo < c.rows; step, lo = step+1, lo+c.batch {
		out, err := c.step(ctx, lo, min(lo+c.batch, c.rows))
		if err != nil {
			return fmt.Errorf("the check: %w", err)
		}
		if err := use(step, out); err != nil {
			return err
		}
	}
	return nil
}

func (c *check) step(ctx context.Context, lo, hi int) (map[string]*npy.Array, error) {
	in, out := map[string]*eager.Tensor{}, map[string]*npy.Array{}
	defer func() {
		for _, t := range in {
			t.Close()
		}
	}()
	for _, s := range c.sig.Inputs {
		a, err := c.rowsOf(s, lo, hi)
		if err != nil {
			return nil, err
		}
		if in[s.Name], err = c.model.Context().Tensor(a); err != nil {
			return nil, err
		}
	}
	results, err := c.model.Call(ctx, c.sig.Name, in)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, t := range results {
			t.Close()
		}
	}()
	for _, s := range c.sig.Outputs {
		if !s.DType.Valid() {
			continue
		}
		if out[s.Name], err = results[s.Name].Copy(); err != nil {
			return nil, err
		}
	}
	return out, nil
}
