package data

import (
	"errors"
	"sync"

	"ndflow/eager"
)

// Cache keeps the elements in memory as the first loop comes through all of them;
// from then on no loop makes them again. They stay until [Dataset.Close], or until
// the garbage collector finds that no dataset is left that has this step. Elements
// that are parts of an array keep TensorFlow on that array's memory.
func (d Dataset) Cache() Dataset {
	return d.then("Cache", func(in, out *node) error {
		out.kept = &kept{}
		out.call = call{op: "CacheDatasetV2", attrs: elements(in.elem),
			inputs: []input{of(in), constant(""), one(out.kept.handle)}}
		return nil
	})
}

// CacheFile is [Dataset.Cache] in files whose names begin with prefix, in
// TensorFlow's own format. They stay for later programs, and whoever changes what
// comes before this step removes them.
func (d Dataset) CacheFile(prefix string) Dataset {
	return d.then("CacheFile", func(in, out *node) error {
		if prefix == "" {
			return errors.New("no name")
		}
		out.call = call{op: "CacheDatasetV2", attrs: elements(in.elem),
			inputs: []input{of(in), constant(prefix), made("DummyMemoryCache")}}
		return nil
	})
}

// kept is memory in TensorFlow that elements are kept in.
type kept struct {
	mu     sync.Mutex
	memory []*eager.Tensor // a handle, and what deletes the memory when it is closed
}

// handle returns the memory, which it makes if there is none.
func (k *kept) handle(o *opening) (*eager.Tensor, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.memory == nil {
		memory, err := o.run("AnonymousMemoryCache", nil)
		if err != nil {
			return nil, err
		}
		k.memory = memory
	}
	return k.memory[0], nil
}

func (k *kept) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, t := range k.memory {
		t.Close()
	}
	k.memory = nil
}
