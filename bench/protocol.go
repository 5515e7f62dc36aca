package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"ndflow/npy"
)

// Task is a case's work in the words of the line protocol.
type Task struct {
	Work string         // which work: "step"
	Args map[string]any // what it takes; paths of files are absolute
}

// With returns the task with one argument more.
func (t Task) With(name string, value any) Task {
	args := map[string]any{name: value}
	for k, v := range t.Args {
		if k != name {
			args[k] = v
		}
	}
	t.Args = args
	return t
}

// request is a line that a peer reads.
type request struct {
	Do   string          `json:"do"` // setup, run, results, close
	ID   int             `json:"id"` // of the work, as setup gives it
	Work string          `json:"work,omitempty"`
	Args json.RawMessage `json:"args,omitempty"`
	N    int             `json:"n,omitempty"`
	Dir  string          `json:"dir,omitempty"`
}

// answer is a line that a peer writes.
type answer struct {
	Ready    int                `json:"ready,omitempty"` // the protocol's version, in the first line only
	Name     string             `json:"name,omitempty"`  // and what the peer is
	OK       bool               `json:"ok,omitempty"`
	Missing  string             `json:"missing,omitempty"` // why the work cannot be done here
	Error    string             `json:"error,omitempty"`
	Measures map[string]float64 `json:"measures,omitempty"`
}

const protocolVersion = 1

// Serve does the works of ndflow's own peers in a process of their own, as the
// line protocol asks on in, until in ends.
func Serve(in io.Reader, out io.Writer) error {
	enc := json.NewEncoder(out)
	if err := enc.Encode(answer{Ready: protocolVersion, Name: "ndflow"}); err != nil {
		return err
	}
	works := map[int]*Work{}
	defer func() {
		for _, w := range works {
			w.close()
		}
	}()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		var q request
		a := answer{OK: true}
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			a.Measures, err = serve(works, &q)
		}
		if err != nil {
			a = answer{Error: err.Error()}
		}
		if err := enc.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// childWorks are what Serve can do: by the names that Env.Child gives, functions
// that prepare a work of the task's arguments.
var childWorks = map[string]func(args json.RawMessage) (*Work, error){}

// registerChild names a work that runs in a process of its own.
func registerChild(name string, setup func(args json.RawMessage) (*Work, error)) string {
	childWorks[name] = setup
	return name
}

func serve(works map[int]*Work, q *request) (map[string]float64, error) {
	if q.Do == "setup" {
		setup := childWorks[q.Work]
		if setup == nil {
			return nil, fmt.Errorf("no work %q", q.Work)
		}
		w, err := setup(q.Args)
		if err != nil {
			return nil, err
		}
		works[q.ID] = w
		return nil, nil
	}
	w := works[q.ID]
	if w == nil {
		return nil, fmt.Errorf("no work has the id %d", q.ID)
	}
	switch q.Do {
	case "run":
		if err := w.Run(q.N); err != nil || w.Measures == nil {
			return nil, err
		}
		return w.Measures(), nil
	case "results":
		return nil, writeResults(w, q.Dir)
	case "close":
		delete(works, q.ID)
		w.close()
		return nil, nil
	}
	return nil, fmt.Errorf("cannot do %q", q.Do)
}

func writeResults(w *Work, dir string) error {
	results, err := w.Results()
	if err != nil {
		return err
	}
	for name, a := range results {
		if err := npy.WriteFile(filepath.Join(dir, name+".npy"), a); err != nil {
			return err
		}
	}
	return nil
}

func readResults(dir string) (map[string]*npy.Array, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.npy"))
	if err != nil {
		return nil, err
	}
	results := make(map[string]*npy.Array, len(files))
	for _, f := range files {
		a, err := npy.ReadFile(f)
		if err != nil {
			return nil, err
		}
		results[strings.TrimSuffix(filepath.Base(f), ".npy")] = a
	}
	return results, nil
}
