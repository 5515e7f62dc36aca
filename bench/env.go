package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"ndflow/npy"
	"ndflow/tfc"
)

// Env is what a scenario makes its cases with.
type Env struct {
	Quick bool   // make them small and few
	Dir   string // an empty folder for files, removed after the scenario

	run   *run
	whole bool // peers of processes have one for each timing
	saved int
}

// Model returns the folder of a fixture model, by its name in testdata/models.
func (e *Env) Model(name string) (string, error) {
	root, err := e.run.modelsDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("bench: no model %s: %w", name, err)
	}
	return dir, nil
}

// modelsDir finds testdata/models above the current folder.
func (s *run) modelsDir() (string, error) {
	if s.Models != "" {
		return filepath.Abs(s.Models)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		models := filepath.Join(dir, "testdata", "models")
		if _, err := os.Stat(filepath.Join(models, "mlp", "saved_model.pb")); err == nil {
			return models, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", Missing("the models are in testdata/models of ndflow's repository: run it there, or name the folder with --models")
		}
		dir = up
	}
}

// BasicPitch returns the folder of the demo's model, a real one. The error is
// ErrMissing where it was not fetched.
func (e *Env) BasicPitch() (string, error) {
	cache, err := tfc.CacheDir()
	if err != nil {
		return "", err
	}
	found, _ := filepath.Glob(filepath.Join(cache, "basic-pitch-*", "nmp", "saved_model.pb")) // its only error is a bad pattern
	if len(found) == 0 {
		return "", Missing("get the model Basic Pitch with: scripts/basic-pitch")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// Save writes an array to a new file in Dir, for peers in other processes, and
// returns its path.
func (e *Env) Save(a *npy.Array) (string, error) {
	e.saved++
	path := filepath.Join(e.Dir, fmt.Sprintf("array-%d.npy", e.saved))
	return path, npy.WriteFile(path, a)
}

// SaveAll is Save for arrays by name: the feeds of a task.
func (e *Env) SaveAll(arrays map[string]*npy.Array) (map[string]string, error) {
	paths := make(map[string]string, len(arrays))
	for name, a := range arrays {
		path, err := e.Save(a)
		if err != nil {
			return nil, err
		}
		paths[name] = path
	}
	return paths, nil
}

// Python returns a peer that does the task in Python: see the folder python for
// what it can do. All share one process, unless the scenario is of whole ones.
func (e *Env) Python(name string, t Task) Peer {
	return Peer{Name: name, Kind: Python, Setup: func(ctx context.Context) (*Work, error) {
		if e.whole {
			return e.own(e.run.startPython(ctx))(ctx, t)
		}
		if e.run.python == nil || !e.run.python.alive() {
			p, err := e.run.startPython(ctx)
			if err != nil {
				return nil, err
			}
			e.run.python = p
		}
		return e.run.python.work(ctx, t)
	}}
}

// Child returns a peer of ndflow's own that does the task in a process of its own,
// which registerChild has named.
func (e *Env) Child(name string, t Task) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: func(ctx context.Context) (*Work, error) {
		command := e.run.Child
		if command == nil {
			return nil, fmt.Errorf("bench: no command that serves ndflow's works in a process of its own")
		}
		return e.own(e.run.start(ctx, "ndflow", exec.Command(command[0], command[1:]...)))(ctx, t)
	}}
}

// external returns a peer that a command of the user's is.
func (e *Env) external(x ExternalPeer, t Task) Peer {
	return Peer{Name: x.Name, Kind: External, Setup: func(ctx context.Context) (*Work, error) {
		return e.own(e.run.start(ctx, x.Name, exec.Command("sh", "-c", x.Command)))(ctx, t)
	}}
}

// own makes a process end with its one work.
func (e *Env) own(p *process, err error) func(context.Context, Task) (*Work, error) {
	return func(ctx context.Context, t Task) (*Work, error) {
		if err != nil {
			return nil, err
		}
		w, err := p.work(ctx, t)
		if err != nil {
			p.close()
			return nil, err
		}
		w.Close = p.close
		if e.whole {
			return p.watched(w), nil
		}
		return w, nil
	}
}
