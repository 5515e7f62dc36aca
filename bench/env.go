package bench

import (
	"context"
	"errors"
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
	dir := filepath.Join(e.run.Models, name)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("bench: no model %s: %w", name, err)
	}
	return dir, nil
}

// findModels returns the folder of the fixture models: the given one, or
// testdata/models in the current folder or one above it.
func findModels(given string) (string, error) {
	are := func(dir string) bool {
		_, err := os.Stat(filepath.Join(dir, "mlp", "saved_model.pb"))
		return err == nil
	}
	if given != "" {
		if !are(given) {
			return "", fmt.Errorf("bench: the models are not in %s: want testdata/models of ndflow's repository", given)
		}
		return filepath.Abs(given)
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if models := filepath.Join(dir, "testdata", "models"); are(models) {
			return models, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("bench: the models are in testdata/models of ndflow's repository: run it there, or name the folder with --models")
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
	return Peer{Name: name, Kind: Python, Setup: e.setup("Python", t, e.run.pythonCommand)}
}

// Child returns a peer of ndflow's own that does the task in another process:
// what registerChild has named.
func (e *Env) Child(name string, t Task) Peer {
	return Peer{Name: name, Kind: NDFlow, Setup: e.setup("ndflow", t, func() (*exec.Cmd, error) {
		c := e.run.Child
		if c == nil {
			return nil, errors.New("bench: no command is given that serves ndflow's works in another process")
		}
		return exec.Command(c[0], c[1:]...), nil
	})}
}

// external returns a peer that is a command of the user's.
func (e *Env) external(x ExternalPeer, t Task) Peer {
	return Peer{Name: x.Name, Kind: External, Setup: e.setup(x.Name, t, func() (*exec.Cmd, error) {
		return exec.Command("sh", "-c", x.Command), nil
	})}
}

// setup returns the Setup of a peer in another process: the one of that name that
// all cases share, or one of its own where the scenario is of whole processes.
func (e *Env) setup(what string, t Task, command func() (*exec.Cmd, error)) func(context.Context) (*Work, error) {
	return func(ctx context.Context) (*Work, error) {
		if !e.whole {
			p, err := e.run.shared(ctx, what, command)
			if err != nil {
				return nil, err
			}
			return p.work(ctx, t)
		}
		p, err := e.run.start(ctx, what, command)
		if err != nil {
			return nil, err
		}
		w, err := p.work(ctx, t)
		if err != nil {
			p.close()
			return nil, err
		}
		w.Close = p.close
		return p.watched(w), nil
	}
}
