package data

import (
	"path/filepath"
	"testing"

	"ndflow/tfc"
)

// Whether elements were cached shows when the array that they came from changes.
func TestCache(t *testing.T) {
	c := newContext(t)
	a := counting(t, 3, 16) // rows of 64 bytes, which are cached where they lie
	d := FromArrays(c, a).Map(double(t, c, 16), 1).Cache()
	once := all(t, d.Take(2)) // which caches nothing, as it does not come to the end
	clear(values[float32](t, a))
	zero := all(t, d)
	if once[0] == zero[0] {
		t.Errorf("an unfinished loop has cached %q", once)
	}
	values[float32](t, a)[0] = 7
	wantAll(t, d, zero...)
	wantAll(t, d.Skip(1), zero[1:]...) // whatever comes behind
	d.Close()
	d.Close()
	if again := all(t, d); again[0] == zero[0] {
		t.Errorf("Close has left %q", again)
	}
	d.Skip(1).Close()
	values[float32](t, a)[0] = 9
	if again := all(t, d); again[0] == zero[0] {
		t.Errorf("Close of what was derived has left %q", again)
	}
}

func TestCacheKeepsTheArray(t *testing.T) {
	c := newContext(t)
	a := counting(t, 3, 16)
	d := FromArrays(c, a).Cache()
	all(t, d)
	if !tfc.InUse(a) {
		t.Error("rows were cached, but not where they lie")
	}
	d.Close()
	if tfc.InUse(a) {
		t.Error("the array is in use though nothing is cached")
	}
}

func TestCacheFile(t *testing.T) {
	c := newContext(t)
	a := counting(t, 3)
	d := FromArrays(c, a).CacheFile(filepath.Join(t.TempDir(), "cache"))
	first := all(t, d)
	clear(values[float32](t, a))
	wantAll(t, d, first...)
	wantError(t, FromArrays(c, a).CacheFile("").Err(), nil, "CacheFile", "name")
	wantError(t, firstError(FromArrays(c, a).CacheFile("/nonexistent/folder/cache")), nil, "element 0", "/nonexistent/folder")
}
