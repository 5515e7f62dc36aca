package cuda

import "sync"

// memory is a piece of a device's memory. Buffers, holds and copies that are
// under way count as references; when there are none left it is given back.
type memory struct {
	p *primary

	mu   sync.Mutex
	refs int
	free func()
}

// newMemory is memory with one reference, which keeps the context as well.
func newMemory(p *primary, free func()) *memory {
	p.ref()
	objects.Add("memory", 1)
	return &memory{p: p, refs: 1, free: free}
}

// ref adds a reference where there still is one.
func (m *memory) ref() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.refs == 0 {
		return false
	}
	m.refs++
	return true
}

// unref drops a reference; the last one gives the memory back.
func (m *memory) unref() {
	m.mu.Lock()
	m.refs--
	last := m.refs == 0
	m.mu.Unlock()
	if !last {
		return
	}
	if m.free != nil {
		m.free()
	}
	objects.Add("memory", -1)
	m.p.unref()
}

// held reports whether anything still refers to the memory.
func (m *memory) held() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refs > 0
}
