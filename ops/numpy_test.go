package ops_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"ndflow/internal/scripttest"
	"ndflow/npy"
)

// evaluate has NumPy compute expressions: each job's inputs are called a, b, c...
const evaluate = `
import json, sys
import numpy as np
inputs, jobs = np.load(sys.argv[1]), json.load(open(sys.argv[2]))
results = {}
for i, job in enumerate(jobs):
    scope = {"np": np}
    for k in range(job["Inputs"]):
        scope[chr(ord("a") + k)] = inputs[f"{i}.{k}"]
    for k, expression in enumerate(job["Want"] or []):
        results[f"{i}.{k}"] = np.asarray(eval(expression, scope))
np.savez(sys.argv[3], **results)
`

type numpyJob struct {
	Inputs int
	Want   []string
}

// numpy returns what NumPy makes of the expressions of each job.
func numpy(t *testing.T, inputs [][]*npy.Array, want [][]string) [][]*npy.Array {
	t.Helper()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	in, err := npy.CreateNPZ(path("in.npz"))
	must(t, err)
	jobs := make([]numpyJob, len(inputs))
	for i, list := range inputs {
		jobs[i] = numpyJob{len(list), want[i]}
		for k, a := range list {
			must(t, in.Write(fmt.Sprintf("%d.%d", i, k), a))
		}
	}
	must(t, in.Close())
	text, err := json.Marshal(jobs)
	must(t, err)
	must(t, os.WriteFile(path("jobs.json"), text, 0o666))
	scripttest.NumPy.Run(t, "-c", evaluate, path("in.npz"), path("jobs.json"), path("out.npz"))
	z, err := npy.OpenNPZ(path("out.npz"))
	must(t, err)
	defer z.Close()
	results := make([][]*npy.Array, len(want))
	for i, list := range want {
		for k := range list {
			a, err := z.Read(fmt.Sprintf("%d.%d", i, k))
			must(t, err)
			results[i] = append(results[i], a)
		}
	}
	return results
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
