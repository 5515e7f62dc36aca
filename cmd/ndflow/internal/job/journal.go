package job

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"ndflow/graph"
)

// journal says how far a job in batches is, for one that goes on after a kill.
// It is a file of lines of JSON: what the job is, then what was done. Only its
// end is ever written to, and an incomplete last line does not count, so that it
// can be read whenever the process has stopped.
type journal struct {
	path   string
	job    identity
	batch  int // 0 until it is known
	by     graph.Executor
	done   int // rows, from the first one on, that are on the disk
	rows   int
	failed []failure // batches before done that were left out

	mu    sync.Mutex
	file  *os.File
	now   graph.MapProgress
	temps []string // of earlier processes
}

// line is what was done, by one of its fields.
type line struct {
	Job   *identity `json:"job,omitempty"`
	From  *int      `json:"from,omitempty"` // it was gone on from this row
	Batch int       `json:"batch,omitempty"`
	By    string    `json:"executor,omitempty"` // that runs all batches
	Rows  int       `json:"rows,omitempty"`
	Done  *int      `json:"done,omitempty"`
	Skip  *failure  `json:"skip,omitempty"`
	Temps []string  `json:"temps,omitempty"` // what a kill would leave besides
}

// syncEvery is how much work a kill costs, in time.
const syncEvery = 250 * time.Millisecond

// openJournal opens the job's journal, which no other process may have. It says
// where to go on, if that is wanted and possible; otherwise what is left of an
// earlier job is removed, and note is told.
func openJournal(o Options, id identity, fs *files) (*journal, error) {
	j := &journal{path: fs.list[0].final + ".partial.json", job: id}
	if err := j.lock(); err != nil {
		return nil, err
	}
	if err := j.read(o, fs); err != nil {
		j.file.Close()
		return nil, err
	}
	return j, nil
}

// lock opens the file and locks it. One that was removed meanwhile, by a process
// that was through, is not the journal.
func (j *journal) lock() error {
	for {
		f, err := os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			return fmt.Errorf("%s: another process writes these files at this moment", j.path)
		}
		mine, err := f.Stat()
		if err != nil {
			f.Close()
			return err
		}
		if there, err := os.Stat(j.path); err == nil && os.SameFile(mine, there) {
			j.file = f
			return nil
		}
		f.Close()
	}
}

// read finds out where to go on, and prepares the file for more.
func (j *journal) read(o Options, fs *files) error {
	raw, err := io.ReadAll(j.file)
	if err != nil {
		return err
	}
	have := j.parse(raw)
	for _, temp := range j.temps {
		removeTemp(temp)
	}
	found := have != nil && j.done > 0 && fs.partialsThere()
	batch := min(o.Batch, max(j.rows, 1)) // as Map has it
	switch {
	case found && o.Resume:
		if why := j.job.differs(*have); why != "" {
			return fmt.Errorf("cannot go on with %s: %s; without --resume the job begins anew", j.path, why)
		}
		if o.Batch > 0 && batch != j.batch {
			return fmt.Errorf("cannot go on with %s: it was begun with --batch %d; without --resume the job begins anew", j.path, j.batch)
		}
		if o.Executor != graph.Auto && j.by != graph.Auto && o.Executor != j.by {
			return fmt.Errorf("cannot go on with %s: it was begun with --executor %v; without --resume the job begins anew", j.path, j.by)
		}
		o.Note("going on from row %d of %d", j.done, j.rows)
		return j.append(line{From: &j.done, Temps: fs.temps()})
	case found:
		o.Note("%d of %d rows were there from an earlier run; without --resume they are done again", j.done, j.rows)
	}
	j.batch, j.by, j.done, j.rows, j.failed = 0, graph.Auto, 0, 0, nil
	fs.removePartials()
	if err := j.file.Truncate(0); err != nil {
		return err
	}
	if _, err := j.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return j.append(line{Job: &j.job, Temps: fs.temps()})
}

// parse reads the lines up to the first that is not complete, and cuts off the
// rest. It returns the identity of the job, nil if there is none.
func (j *journal) parse(raw []byte) (have *identity) {
	good := 0
	for rest := raw; ; {
		text, after, complete := bytes.Cut(rest, []byte("\n"))
		var l line
		if !complete || json.Unmarshal(text, &l) != nil {
			break
		}
		if l.Job != nil {
			have = l.Job
		}
		if l.Batch > 0 {
			j.batch, j.rows = l.Batch, l.Rows
			j.by, _ = graph.ParseExecutor(l.By) // Auto for a journal that does not say
		}
		j.temps = append(j.temps, l.Temps...)
		if l.From != nil {
			j.failed = slices.DeleteFunc(j.failed, func(f failure) bool { return f.Lo >= *l.From })
		}
		if l.Done != nil {
			j.done = *l.Done
		}
		if l.Skip != nil {
			j.failed = append(j.failed, *l.Skip)
		}
		good, rest = len(raw)-len(after), after
	}
	j.failed = slices.DeleteFunc(j.failed, func(f failure) bool { return f.Lo >= j.done })
	j.file.Truncate(int64(good)) // what is wrong with the file, append will say
	j.file.Seek(int64(good), io.SeekStart)
	return have
}

// append adds a line.
func (j *journal) append(l line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	_, err = j.file.Write(append(text, '\n'))
	return err
}

// skip notes a batch that is left out.
func (j *journal) skip(f failure) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.append(line{Skip: &f})
}

// progress is told how far the job is. It does not wait for the disk.
func (j *journal) progress(p graph.MapProgress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.now = p
}

// keepUp brings the results to the disk, and notes how far they are, again and
// again until the function it returns is called, which does it for the last
// time if the job is not through. A nil journal does nothing.
func (j *journal) keepUp(out []*result) (stop func(through bool) error) {
	if j == nil {
		return func(bool) error { return nil }
	}
	quit, over := make(chan struct{}), make(chan error)
	go func() {
		tick := time.NewTicker(syncEvery)
		defer tick.Stop()
		var err error
		for {
			select {
			case <-tick.C:
				err = errors.Join(err, j.note(out))
			case <-quit:
				over <- err
				return
			}
		}
	}()
	return func(through bool) error {
		close(quit)
		err := <-over
		if through {
			return err
		}
		return errors.Join(err, j.note(out))
	}
}

// note brings what is done to the disk, and then says so.
func (j *journal) note(out []*result) error {
	j.mu.Lock()
	now := j.now
	j.mu.Unlock()
	if now.Batch == 0 || now.Done <= j.done && j.batch > 0 {
		return nil
	}
	for _, res := range out {
		if err := res.mapped.Sync(); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done, j.batch, j.by, j.rows = now.Done, now.Batch, now.Executor, now.Rows
	return j.append(line{Done: &now.Done, Batch: now.Batch, By: now.Executor.String(), Rows: now.Rows})
}

// remove ends the journal of a job that is through, or will not be gone on with.
func (j *journal) remove() {
	if j != nil {
		os.Remove(j.path)
		j.file.Close()
	}
}

// close leaves the journal for another time.
func (j *journal) close() { j.file.Close() }

func (fs *files) partialsThere() bool {
	return !slices.ContainsFunc(fs.list, func(f *file) bool {
		_, err := os.Stat(f.partial())
		return err != nil
	})
}

func (fs *files) removePartials() {
	for _, f := range fs.list {
		os.Remove(f.partial()) // what is still there, npy.Resume will say
	}
}
