package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"ndflow/npy"
)

const (
	// patience is how long a peer in another process may take for an answer before
	// it is given up.
	patience    = 5 * time.Minute
	longestLine = 1 << 20
)

// process is a peer that speaks the line protocol.
type process struct {
	what    string // for errors
	name    string // what it says that it is
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers chan line
	stderr  tail
	wait    time.Duration

	mu   sync.Mutex // one request at a time
	next int        // the id of the next work
	err  error      // why it can be asked no more
	hung bool       // since it has not answered in time
}

// line is one that a process has written, or why there is none.
type line struct {
	text string
	err  error
}

// startProcess starts a peer and waits until it is ready. With an error it returns
// a process that has ended, if there was one.
func startProcess(ctx context.Context, what string, cmd *exec.Cmd, wait time.Duration) (*process, error) {
	p := &process{what: what, cmd: cmd, answers: make(chan line), wait: wait}
	cmd.Stderr = &p.stderr
	// A group of its own, since Ctrl-C is for who runs the benchmark, and since it
	// may have children that must end with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: %s: %w", what, err)
	}
	go p.read(out)
	a, err := p.answer(ctx)
	switch {
	case err != nil:
		return p, err
	case a.Ready != protocolVersion:
		p.close()
		return p, fmt.Errorf(`bench: %s: its first line is not {"ready": %d, "name": ...}`, what, protocolVersion)
	}
	p.name = a.Name
	return p, nil
}

// read passes the lines on that the process writes.
func (p *process) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		p.answers <- line{text: lines.Text()}
	}
	err := lines.Err()
	if err == nil {
		err = io.EOF
	}
	p.answers <- line{err: err}
	close(p.answers)
}

// answer waits for a line. After an error the process has been ended.
func (p *process) answer(ctx context.Context) (answer, error) {
	timer := time.NewTimer(p.wait)
	defer timer.Stop()
	var a answer
	var err error
	select {
	case l := <-p.answers:
		switch {
		case l.err != nil:
			err = p.died()
		case json.Unmarshal([]byte(l.text), &a) != nil:
			err = fmt.Errorf("bench: %s: it wrote %.200q, want one JSON object in a line", p.what, l.text)
		default:
			return a, nil
		}
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = fmt.Errorf("bench: %s: no answer in %v", p.what, p.wait)
		p.hung = true
	}
	p.end(0)
	p.err = err
	return a, err
}

// died says how the process has ended.
func (p *process) died() error {
	p.end(time.Second) // it may have closed its output only
	state := p.cmd.ProcessState
	if text := strings.TrimSpace(p.stderr.String()); text != "" {
		return fmt.Errorf("bench: %s: it has ended (%v): %s", p.what, state, text)
	}
	return fmt.Errorf("bench: %s: it has ended (%v)", p.what, state)
}

// do sends a request and returns the answer.
func (p *process) do(ctx context.Context, q request) (answer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err != nil {
		return answer{}, p.err
	}
	raw, err := json.Marshal(q)
	if err != nil {
		return answer{}, err
	}
	p.in.Write(append(raw, '\n')) // where it fails the process has ended, which the answer says
	a, err := p.answer(ctx)
	switch {
	case err != nil:
		return a, err
	case a.Missing != "":
		return a, Missing("%s", a.Missing)
	case a.Error != "":
		return a, fmt.Errorf("bench: %s: %s", p.what, a.Error)
	case !a.OK:
		return a, fmt.Errorf(`bench: %s: its answer to %q has no "ok", "error" or "missing"`, p.what, q.Do)
	}
	return a, nil
}

// usable returns why the process can be asked no more, or nil.
func (p *process) usable() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// close ends the process: by the end of its input, or else by force.
func (p *process) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = errors.New("bench: " + p.what + ": closed")
	}
	p.end(5 * time.Second)
}

// end ends the process and all that it has started, by force where it does not end
// by itself in time.
func (p *process) end(grace time.Duration) {
	if p.cmd.ProcessState != nil {
		return
	}
	p.in.Close()
	kill := func() { syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	if grace == 0 {
		kill()
	}
	timer := time.AfterFunc(grace, kill)
	go func() {
		for range p.answers {
		}
	}()
	p.cmd.Wait() // ends the reading too; how the process ended is in its state
	timer.Stop()
}

// work prepares a task in the process.
func (p *process) work(ctx context.Context, t Task) (*Work, error) {
	args, err := json.Marshal(t.Args)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	id := p.next
	p.next++
	p.mu.Unlock()
	if _, err := p.do(ctx, request{Do: "setup", ID: id, Work: t.Work, Args: args}); err != nil {
		return nil, err
	}
	var last answer
	w := &Work{
		Run: func(n int) (err error) {
			last, err = p.do(ctx, request{Do: "run", ID: id, N: n})
			return err
		},
		Measures: func() map[string]float64 { return last.Measures },
		Close:    func() { p.do(ctx, request{Do: "close", ID: id}) },
	}
	w.Results = func() (map[string]*npy.Array, error) {
		dir, err := os.MkdirTemp("", "ndflow-bench-results-")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		if _, err := p.do(ctx, request{Do: "results", ID: id, Dir: dir}); err != nil {
			return nil, err
		}
		return readResults(dir)
	}
	return w, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	const most = 2000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if len(t.text) > most {
		t.text = append(t.text[:0:0], t.text[len(t.text)-most:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
