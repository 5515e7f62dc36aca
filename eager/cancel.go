package eager

import "ndflow/tfc"

// begin looks, before a run, whether its ctx has ended, and whether there is room for
// an op to be left behind.
func (o *Op) begin() error {
	if o.until == nil {
		return nil
	}
	o.left = nil
	err := o.until.Err()
	if err == nil {
		err = o.ctx.behind.Room(o.until)
	}
	return o.explain(err)
}

// ended looks, after a run that has returned err, whether what was prepared was left
// behind: it is prepared anew then when it runs again.
func (o *Op) ended(err error) {
	if err != nil && o.partWith(o.op) {
		o.op = nil
	}
}

// partWith reports whether the op was left behind, which counts until it is over.
func (o *Op) partWith(op *tfc.EagerOp) bool {
	if o.until == nil {
		return false
	}
	over := op.Left()
	if over == nil {
		return false
	}
	o.left = over
	o.ctx.behind.Add()
	go func() {
		<-over
		o.ctx.behind.Remove()
	}()
	return true
}
