package weights

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"ndflow/internal/bundle"
	"ndflow/internal/savedmodel"
	"ndflow/npy"
	"ndflow/tfc"
)

// checkpointSource is tensors of a checkpoint, under names that may be others than the
// checkpoint's.
type checkpointSource struct {
	infos
	keys   []string // by array
	prefix string
	reader *tfc.CheckpointReader

	mu      sync.Mutex
	trimmer tfc.Trimmer
	last    int64 // bytes of the tensor that was read last
}

// openReader opens a checkpoint whose index has been looked at: TensorFlow's own reader
// trusts it.
func openReader(prefix string) (*tfc.CheckpointReader, []bundle.Entry, error) {
	entries, err := bundle.Read(prefix)
	if err != nil {
		return nil, nil, err
	}
	r, err := tfc.NewCheckpointReader(prefix)
	if err != nil {
		return nil, nil, err
	}
	if have := len(r.Entries()); have != len(entries) {
		r.Close()
		return nil, nil, fmt.Errorf("%s: %w: TensorFlow reads %d of %d entries", prefix, ErrDamaged, have, len(entries))
	}
	return r, entries, nil
}

// openCheckpoint opens all of a checkpoint but what it says about itself.
func openCheckpoint(prefix string) (Source, error) {
	r, _, err := openReader(prefix)
	if err != nil {
		return nil, err
	}
	s := &checkpointSource{prefix: prefix, reader: r}
	taken := make(map[string]bool)
	for _, e := range r.Entries() {
		taken[e.Key] = true
	}
	var list []Info
	for _, e := range r.Entries() {
		if e.Key == savedmodel.CheckpointGraph {
			continue
		}
		name := strings.TrimSuffix(e.Key, savedmodel.ValueSuffix)
		if name != e.Key && taken[name] {
			name = e.Key
		}
		list = append(list, Info{Name: name, DType: e.DataType.DType(), Shape: e.Shape})
		s.keys = append(s.keys, e.Key)
	}
	s.infos = newInfos(list)
	return s, nil
}

func (s *checkpointSource) Read(name string) (*npy.Array, error) {
	i, err := s.find(name)
	if err != nil {
		j := slices.Index(s.keys, name) // a key does as well
		if j < 0 {
			return nil, err
		}
		i = j
	}
	s.trim()
	t, err := s.reader.Tensor(s.keys[i])
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", s.prefix, damage(err))
	}
	a, err := t.View()
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("weights: %s: %q: %w", s.prefix, name, err)
	}
	s.mu.Lock()
	s.last += int64(len(a.Bytes()))
	s.mu.Unlock()
	return a, nil
}

// trim keeps what malloc keeps of the tensors that were read before to that of one: who
// walks a checkpoint has mostly let the last one go.
func (s *checkpointSource) trim() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trimmer.Done(s.last)
	s.last = 0
}

// damage makes what TensorFlow says of bytes that differ from their checksum an
// [ErrDamaged].
func damage(err error) error {
	if isDamage(err) {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

func (s *checkpointSource) Close() error {
	s.reader.Close()
	return nil
}

func isDamage(err error) bool {
	return errors.Is(err, tfc.DataLoss) || errors.Is(err, tfc.OutOfRange)
}
