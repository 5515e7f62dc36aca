package tfc

import "testing"

func TestMallocSettings(t *testing.T) {
	for _, c := range []struct {
		environment []string
		settings    string
		fixed       bool
	}{
		{[]string{"HOME=/", "MALLOCX=1"}, "", false},
		{[]string{"MALLOC_ARENA_MAX=1"}, "MALLOC_ARENA_MAX=1", false},
		{[]string{"A=B", "MALLOC_MMAP_THRESHOLD_=65536"}, "MALLOC_MMAP_THRESHOLD_=65536", true},
		{[]string{"MALLOC_TRIM_THRESHOLD_=1", "MALLOC_ARENA_MAX=2"}, "MALLOC_TRIM_THRESHOLD_=1, MALLOC_ARENA_MAX=2", true},
		{[]string{"GLIBC_TUNABLES=glibc.rtld.nns=2:glibc.malloc.arena_max=2"}, "glibc.malloc.arena_max=2", false},
		{[]string{"GLIBC_TUNABLES=glibc.malloc.top_pad=2"}, "glibc.malloc.top_pad=2", true},
	} {
		settings, fixed := mallocSettings(c.environment)
		if settings != c.settings || fixed != c.fixed {
			t.Errorf("%v: have %q, %t, want %q, %t", c.environment, settings, fixed, c.settings, c.fixed)
		}
	}
}

func TestReadAllocator(t *testing.T) {
	a := ReadAllocator()
	if a.File == "" || CanTrim() != (a.Glibc != "") {
		t.Errorf("have %+v, and CanTrim %t", a, CanTrim())
	}
}
