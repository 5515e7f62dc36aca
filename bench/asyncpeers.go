package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/npy"
	"ndflow/tfc"
)

// floor runs each step with nothing but the C API, and saves as the others do.
func (p production) floor(own *owned, files string) (*taker, error) {
	var plans []*tfc.Plan
	var arrays []*npy.Array
	inline := tfc.Step{Inline: true}
	for _, feeds := range p.inputs {
		newPlan, names, err := Step{Model: p.model, Feeds: feeds}.plans(own)
		if err != nil {
			return nil, err
		}
		plan, err := newPlan()
		if err != nil {
			return nil, err
		}
		landed, err := land(plan, names, inline)
		if err != nil {
			return nil, err
		}
		plans, arrays = append(plans, plan), append(arrays, landed[names[0]])
	}
	return &taker{take: func(item int) error {
		if err := plans[item%itemKinds].Floor(1, inline); err != nil {
			return err
		}
		return npy.WriteFile(itemFile(files, item), arrays[item%itemKinds])
	}}, nil
}

// inLine lets the producer do all himself.
func (p production) inLine(own *owned, files string) (*taker, error) {
	m, err := graph.Load(p.model, graph.WithExecutor(graph.Inline))
	if err != nil {
		return nil, err
	}
	own.add(m.Close)
	r, err := m.Runner("")
	if err != nil {
		return nil, err
	}
	own.add(r.Close)
	dst, err := touched(npy.Float32, itemRows, 4)
	if err != nil {
		return nil, err
	}
	if err := r.Into("probs", dst); err != nil {
		return nil, err
	}
	return &taker{take: func(item int) error {
		for name, a := range p.inputs[item%itemKinds] {
			if err := r.Feed(name, a); err != nil {
				return err
			}
		}
		if err := r.Run(context.Background()); err != nil {
			return err
		}
		return npy.WriteFile(itemFile(files, item), dst)
	}}, nil
}

// pending are items that were taken and are not saved yet.
type pending struct {
	wg  sync.WaitGroup
	err atomic.Pointer[error] // the first that has failed
}

func (p *pending) done(err error) {
	if err != nil {
		p.err.CompareAndSwap(nil, &err)
	}
	p.wg.Done()
}

func (p *pending) drain() error {
	p.wg.Wait()
	if err := p.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (p production) pipeline(workers int) func(own *owned, files string) (*taker, error) {
	return func(own *owned, files string) (*taker, error) {
		m, err := graph.Load(p.model)
		if err != nil {
			return nil, err
		}
		own.add(m.Close)
		var waiting pending
		ctx := context.Background()
		line, err := graph.NewPipeline(ctx, m,
			func(item int) (graph.Feeds, error) { return p.inputs[item%itemKinds], nil },
			func(r graph.Result[int]) error {
				err := r.Err
				if err == nil {
					err = npy.WriteFile(itemFile(files, r.Item), r.Outputs["probs"])
				}
				waiting.done(err)
				return nil
			}, graph.PipelineOptions{Workers: workers})
		if err != nil {
			return nil, err
		}
		own.add(func() { line.Close() }) // its errors are those of the items
		return &taker{
			take: func(item int) error {
				waiting.wg.Add(1)
				err := line.Submit(ctx, item)
				if err != nil {
					waiting.done(err)
				}
				return err
			},
			drain: waiting.drain,
		}, nil
	}
}

// eagerAsync calls the model in an async context, whose calls return before they
// are done; a goroutine waits for the results and saves them.
func (p production) eagerAsync(own *owned, files string) (*taker, error) {
	m, err := eager.Load(p.model, eager.Async())
	if err != nil {
		return nil, err
	}
	own.add(m.Close)
	c, err := m.Caller("")
	if err != nil {
		return nil, err
	}
	own.add(c.Close)
	var tensors []*eager.Tensor
	for _, feeds := range p.inputs {
		t, err := m.Context().Tensor(feeds["x"])
		if err != nil {
			return nil, err
		}
		own.add(t.Close)
		tensors = append(tensors, t)
	}
	type made struct {
		item  int
		probs *eager.Tensor
	}
	var waiting pending
	queue, ended := make(chan made, 2*asyncWorkers[len(asyncWorkers)-1]), make(chan struct{})
	go func() {
		defer close(ended)
		for t := range queue {
			v, err := t.probs.Value()
			if err == nil {
				err = npy.WriteFile(itemFile(files, t.item), v)
				v.Release()
			}
			t.probs.Close()
			waiting.done(err)
		}
	}()
	own.add(func() {
		close(queue)
		<-ended
	})
	return &taker{
		take: func(item int) error {
			if err := c.Input("x", tensors[item%itemKinds]); err != nil {
				return err
			}
			out, err := c.Run(context.Background())
			if err != nil {
				return err
			}
			if out["probs"] == nil {
				return errors.New("bench: the model gives no probs")
			}
			waiting.wg.Add(1)
			queue <- made{item, out["probs"]}
			return nil
		},
		drain: waiting.drain,
	}, nil
}
