package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"ndflow/graph"
)

// failures are the batches that were left out, collected from many workers.
type failures struct {
	mu   sync.Mutex
	list []failure
}

// failure is a batch that was left out: the rows from Lo up to Hi.
type failure struct {
	Lo    int    `json:"lo"`
	Hi    int    `json:"hi"`
	Error string `json:"error"`
}

func (f *failures) add(e *graph.BatchError) failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	one := failure{e.Lo, e.Hi, fmt.Sprint(e.Err)}
	f.list = append(f.list, one)
	return one
}

func (f *failures) sorted() []failure {
	slices.SortFunc(f.list, func(a, b failure) int { return a.Lo - b.Lo })
	return f.list
}

// skippedFile is where the batches that were left out are recorded.
func skippedFile(f *file) string { return f.path + ".skipped.jsonl" }

// writeFailures records the batches that were left out, a line each. With none
// of them the record of an earlier run goes, since it is not true any more.
func writeFailures(path string, failed []failure) error {
	if len(failed) == 0 {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	var text bytes.Buffer
	lines := json.NewEncoder(&text)
	for _, f := range failed {
		if err := lines.Encode(f); err != nil {
			return err
		}
	}
	return os.WriteFile(path, text.Bytes(), 0o666)
}
