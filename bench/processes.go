package bench

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// processes are the peers of a run that are in other processes.
type processes struct {
	shared map[string]*process // by what they are
	said   []string            // what they have said that they are
	python string              // the folder that Python's files are in
}

func (p *processes) close() {
	for _, process := range p.shared {
		process.close()
	}
	if p.python != "" {
		os.RemoveAll(p.python)
	}
}

// start starts a peer's process, and notes what it says that it is.
func (s *run) start(ctx context.Context, what string, command func() (*exec.Cmd, error)) (*process, error) {
	cmd, err := command()
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, what, cmd, s.Patience)
	if err != nil {
		return p, err
	}
	said := p.name
	if !strings.HasPrefix(said, what) {
		said = what + ": " + said
	}
	if !slices.Contains(s.peers.said, said) {
		s.peers.said = append(s.peers.said, said)
	}
	return p, nil
}

// shared returns the process that does a peer's work in all cases. One that has
// died is started anew, as another case may be one that it can do; one that did not
// answer in time is not, as each case would wait for it again.
func (s *run) shared(ctx context.Context, what string, command func() (*exec.Cmd, error)) (*process, error) {
	p := s.peers.shared[what]
	if p != nil {
		if err := p.usable(); err == nil || p.hung {
			return p, err
		}
	}
	p, err := s.start(ctx, what, command)
	if p == nil || err != nil && !p.hung {
		return nil, err
	}
	s.peers.shared[what] = p
	return p, err
}
