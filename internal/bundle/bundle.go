// Package bundle reads the index of a checkpoint: which tensors it has, and where in
// its data files they lie.
//
// TensorFlow's own reader trusts an index that it could open: an entry that makes no
// sense ends the process, and where a part of the index is damaged it lists what comes
// before that part, as if it were all. So an index is looked at here first.
package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path"
	"path/filepath"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
	"ndflow/internal/tftype"
)

var (
	// ErrNoCheckpoint says that there is no checkpoint of a name.
	ErrNoCheckpoint = errors.New("no checkpoint")
	// ErrDamaged says that files are not what they should be.
	ErrDamaged = errors.New("damaged")
)

// IndexSuffix ends the name of the file that a checkpoint is known by.
const IndexSuffix = ".index"

// Entry is a tensor of a checkpoint.
type Entry struct {
	Key   string
	Type  int // TensorFlow's number of the data type
	Shape []int
	Bytes int64 // that it takes in the data files
}

// Exists reports whether there is an index with this prefix.
func Exists(prefix string) bool {
	info, err := os.Stat(prefix + IndexSuffix)
	return err == nil && info.Mode().IsRegular()
}

// Read reads the index of the checkpoint with this prefix, which is what the names of
// its files begin with, and looks whether all data files are there and as long as they
// have to be. The entries come in the order of their keys.
func Read(prefix string) ([]Entry, error) {
	path := prefix + IndexSuffix
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: %w", prefix, ErrNoCheckpoint, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := reader{prefix: prefix, ends: make(map[int32]int64)}
	if err := r.read(f); err != nil {
		if errors.Is(err, ErrDamaged) {
			return nil, err
		}
		return nil, fmt.Errorf("%s: the checkpoint is %w: %w", path, ErrDamaged, err)
	}
	if err := r.checkFiles(); err != nil {
		return nil, err
	}
	return r.list, nil
}

// mostDims is what a tensor can have.
const mostDims = 254

type reader struct {
	prefix string
	shards int32
	ends   map[int32]int64 // of what the index says is in each data file
	list   []Entry
}

func (r *reader) read(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := readTable(f, info.Size(), r.entry); err != nil {
		return err
	}
	if r.shards == 0 {
		return errors.New("there is no header")
	}
	return nil
}

// entry takes an entry. The first, of the empty key, is the header.
func (r *reader) entry(key, value []byte) error {
	if r.shards == 0 {
		var h tfpb.BundleHeaderProto
		if err := proto.Unmarshal(value, &h); err != nil || len(key) > 0 || h.GetNumShards() < 1 {
			return errors.New("the header makes no sense")
		}
		r.shards = h.GetNumShards()
		return nil
	}
	if len(key) == 0 || key[0] == 0 {
		// A part of the tensor in slices that an entry before this tells of: the name
		// is in the key.
		return r.data(string(key), value, nil)
	}
	var e Entry
	if err := r.data(string(key), value, &e); err != nil {
		return err
	}
	r.list = append(r.list, e)
	return nil
}

func (r *reader) data(key string, value []byte, e *Entry) error {
	var p tfpb.BundleEntryProto
	if err := proto.Unmarshal(value, &p); err != nil {
		return fmt.Errorf("%q: %w", key, err)
	}
	if rank := len(p.GetShape().GetDim()); rank > mostDims {
		return fmt.Errorf("%q: %d dimensions", key, rank)
	}
	if p.GetDtype() > tftype.Ref {
		return fmt.Errorf("%q: a tensor of %s, which no checkpoint has", key, tftype.Name(int(p.GetDtype())))
	}
	n, shape := uint64(1), make([]int, len(p.GetShape().GetDim()))
	for i, d := range p.GetShape().GetDim() {
		if d.GetSize() < 0 {
			return fmt.Errorf("%q: a dimension of %d", key, d.GetSize())
		}
		shape[i] = int(d.GetSize())
		hi, lo := bits.Mul64(n, uint64(d.GetSize()))
		if n = lo; hi != 0 || n > 1<<60 {
			return fmt.Errorf("%q: more elements than fit", key)
		}
	}
	size := uint64(tftype.DType(int(p.GetDtype())).Size())
	sliced := len(p.GetSlices()) > 0
	if err := checkSlices(p.GetSlices(), shape); err != nil {
		return fmt.Errorf("%q: %w", key, err)
	}
	if !sliced {
		if p.GetOffset() < 0 || p.GetSize() < 0 || p.GetOffset()+p.GetSize() < 0 || p.GetShardId() < 0 || p.GetShardId() >= r.shards {
			return fmt.Errorf("%q: it lies nowhere: at %d of data file %d of %d", key, p.GetOffset(), p.GetShardId(), r.shards)
		}
		if size > 0 && n*size != uint64(p.GetSize()) {
			return fmt.Errorf("%q: %d bytes for %v of %s, want %d", key, p.GetSize(), shape, tftype.Name(int(p.GetDtype())), n*size)
		}
		// Strings have a length each.
		if size == 0 && uint64(p.GetSize()) < n {
			return fmt.Errorf("%q: %d bytes for %d elements", key, p.GetSize(), n)
		}
		r.ends[p.GetShardId()] = max(r.ends[p.GetShardId()], p.GetOffset()+p.GetSize())
	}
	if e == nil {
		return nil
	}
	*e = Entry{Key: key, Type: int(p.GetDtype()), Shape: shape, Bytes: p.GetSize()}
	if sliced {
		e.Bytes = int64(n * size)
	}
	return nil
}

// checkFiles looks at the lengths of the data files.
func (r *reader) checkFiles() error {
	for shard, end := range r.ends {
		path := DataFile(r.prefix, int(shard), int(r.shards))
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return fmt.Errorf("%s: the checkpoint is %w: a data file is missing: %w", r.prefix, ErrDamaged, err)
		case info.Size() < end:
			return fmt.Errorf("%s: the checkpoint is %w: it is cut off: have %d bytes, want %d", path, ErrDamaged, info.Size(), end)
		}
	}
	return nil
}

// DataFile is the name of a data file.
func DataFile(prefix string, shard, shards int) string {
	return fmt.Sprintf("%s.data-%05d-of-%05d", prefix, shard, shards)
}

// Newest returns the prefix of the checkpoint that the file "checkpoint" in a folder
// names.
func Newest(dir string) (string, error) {
	path := filepath.Join(dir, stateFile)
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	prefix, err := newest(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	if !filepath.IsAbs(prefix) {
		prefix = filepath.Join(dir, prefix)
	}
	if moved := filepath.Join(dir, filepath.Base(prefix)); !Exists(prefix) && Exists(moved) {
		return moved, nil // the folder was moved, and the file has its old name
	}
	return prefix, nil
}

// stateFile is the file that names a folder's newest checkpoint.
const stateFile = "checkpoint"

// newest is the prefix that a state file has in it.
func newest(text []byte) (string, error) {
	var state tfpb.CheckpointState
	if err := (prototext.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(text, &state); err != nil || state.GetModelCheckpointPath() == "" {
		return "", fmt.Errorf("the file is %w: it names no checkpoint", ErrDamaged)
	}
	return state.GetModelCheckpointPath(), nil
}

// NewestFS is the last part of what [Newest] returns, for a folder of a file system: it
// has no checkpoints elsewhere.
func NewestFS(fsys fs.FS, dir string) (string, error) {
	name := path.Join(dir, stateFile)
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return "", err
	}
	prefix, err := newest(text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return path.Base(filepath.ToSlash(prefix)), nil
}
