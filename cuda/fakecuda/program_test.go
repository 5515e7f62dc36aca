package fakecuda

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// program queues random operations over a few places in device and pinned
// memory, orders with events only what uses the same place, and compares what
// the places hold in the end with what the operations give one by one.
type program struct {
	*fake
	rand    *rand.Rand
	streams []stream
	places  []place
}

type place struct {
	device devptr // 0: pinned memory
	host   []byte
	model  []byte
	users  []use // since the last write, and that write
}

type use struct {
	stream int
	event  event
	writes bool
}

const placeSize = 3000

func (p *program) fill(at int, value byte) {
	s := p.order(at, -1)
	p.ok(cuMemsetD8Async(p.places[at].device, value, placeSize, p.streams[s]))
	for i := range p.places[at].model {
		p.places[at].model[i] = value
	}
	p.record(s, at, -1)
}

func (p *program) copy(to, from int) {
	s := p.order(to, from)
	dst, src := &p.places[to], &p.places[from]
	switch {
	case dst.device != 0 && src.device != 0:
		p.ok(cuMemcpyDtoDAsync(dst.device, src.device, placeSize, p.streams[s]))
	case dst.device != 0:
		p.ok(cuMemcpyHtoDAsync(dst.device, src.host, p.streams[s]))
	default:
		p.ok(cuMemcpyDtoHAsync(dst.host, src.device, p.streams[s]))
	}
	copy(dst.model, src.model)
	p.record(s, to, from)
}

// order picks a stream and lets it wait for what used the places before.
func (p *program) order(written, read int) (s int) {
	s = p.rand.IntN(len(p.streams))
	for _, u := range p.places[written].users {
		if u.stream != s {
			p.ok(cuStreamWaitEvent(p.streams[s], u.event))
		}
	}
	if read >= 0 {
		for _, u := range p.places[read].users {
			if u.writes && u.stream != s {
				p.ok(cuStreamWaitEvent(p.streams[s], u.event))
			}
		}
	}
	return s
}

func (p *program) record(s, written, read int) {
	e := p.event()
	p.ok(cuEventRecord(e, p.streams[s]))
	p.places[written].users = []use{{s, e, true}}
	if read >= 0 {
		p.places[read].users = append(p.places[read].users, use{s, e, false})
	}
}

func (p *program) run() {
	for range 60 {
		to, from := p.rand.IntN(len(p.places)), p.rand.IntN(len(p.places))
		isHost := func(i int) bool { return p.places[i].device == 0 }
		switch {
		case isHost(to) && isHost(from):
		case to == from:
			p.fill(to, byte(p.rand.IntN(256)))
		default:
			p.copy(to, from)
		}
		if p.rand.IntN(8) == 0 {
			cuStreamQuery(p.streams[0])
		}
	}
	p.ok(cuCtxSynchronize())
	for i := range p.places {
		have := p.places[i].host
		if have == nil {
			have = []byte(p.device(p.places[i].device, placeSize))
		}
		if !bytes.Equal(have, p.places[i].model) {
			p.t.Fatalf("place %d begins with %x, want %x", i, have[:4], p.places[i].model[:4])
		}
	}
}

func TestRandomProgramsGiveWhatTheirOrderSays(t *testing.T) {
	for _, late := range []Lateness{WhenAsked, ByThread} {
		for seed := range int64(10) {
			t.Run(fmt.Sprintf("late=%d/seed=%d", late, seed), func(t *testing.T) {
				f := newFake(t, Settings{Seed: seed + 1, Late: late})
				p := &program{fake: f, rand: rand.New(rand.NewPCG(uint64(seed), 0))}
				for i := range 6 {
					at := place{model: bytes.Repeat([]byte{0xa5}, placeSize)}
					if i < 4 {
						at.device = f.alloc(placeSize)
					} else {
						at.host = f.pinned(placeSize)
					}
					p.places = append(p.places, at)
				}
				for range 4 {
					p.streams = append(p.streams, f.stream())
				}
				p.run()
			})
		}
	}
}
