package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

const fixture = "../../testdata/models/checkpoint"

func TestRead(t *testing.T) {
	for prefix, want := range map[string]string{
		fixture + "/ckpt-1": "[{_CHECKPOINTABLE_OBJECT_GRAPH 7 [] 428} {a/.ATTRIBUTES/VARIABLE_VALUE 1 [60 2] 480} " +
			"{list/0/.ATTRIBUTES/VARIABLE_VALUE 9 [5] 40} {list/1/.ATTRIBUTES/VARIABLE_VALUE 14 [] 2} " +
			"{save_counter/.ATTRIBUTES/VARIABLE_VALUE 9 [] 8} {words/.ATTRIBUTES/VARIABLE_VALUE 7 [3] 19}]",
		fixture + "/../partitioned_v1/variables/variables": "[{bias 1 [3] 12} {net/w 1 [5 3] 60}]",
	} {
		list, err := Read(prefix)
		if have := fmt.Sprint(list); err != nil || have != want {
			t.Errorf("have %s (%v), want %s", have, err, want)
		}
	}
	if prefix, err := Newest(fixture); err != nil || prefix != filepath.Join(fixture, "ckpt-1") {
		t.Errorf("have %q, %v", prefix, err)
	}
	if _, err := Read(fixture + "/none"); !errors.Is(err, ErrNoCheckpoint) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("have %v", err)
	}
}

// TestMovedFolder: the file "checkpoint" has the name that the folder had.
func TestMovedFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(fixture)); err != nil {
		t.Fatal(err)
	}
	state := `model_checkpoint_path: "/gone/ckpt-1"` + "\nlast_preserved_timestamp: 1.5\n"
	if err := os.WriteFile(filepath.Join(dir, "checkpoint"), []byte(state), 0o666); err != nil {
		t.Fatal(err)
	}
	if prefix, err := Newest(dir); err != nil || prefix != filepath.Join(dir, "ckpt-1") {
		t.Errorf("have %q, %v", prefix, err)
	}
}

// TestDamagedIndex: any byte that is changed is found, and any length.
func TestDamagedIndex(t *testing.T) {
	whole, err := os.ReadFile(fixture + "/ckpt-1.index")
	if err != nil {
		t.Fatal(err)
	}
	read := func(b []byte) error {
		return readTable(bytes.NewReader(b), int64(len(b)), func(_, _ []byte) error { return nil })
	}
	if err := read(whole); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		if err := read(whole[:i]); err == nil {
			t.Errorf("%d of %d bytes are read", i, len(whole))
		}
		b := bytes.Clone(whole)
		b[i] ^= 1 << rand.IntN(8)
		// Some bits of the footer are for nothing.
		if err := read(b); err == nil && i < len(whole)-footerSize {
			t.Errorf("byte %d was changed, and nothing is said", i)
		}
	}
}

// FuzzEntries: what a hostile index says, with checksums that fit.
func FuzzEntries(f *testing.F) {
	list := func(b []byte) (pairs [][2][]byte) {
		_ = entries(b, func(key, value []byte) error {
			pairs = append(pairs, [2][]byte{bytes.Clone(key), bytes.Clone(value)})
			return nil
		})
		return pairs
	}
	whole, err := os.ReadFile(fixture + "/ckpt-1.index")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole[:400])
	f.Add([]byte{0, 0, 2, 8, 1, 0, 1, 4, 'a', 8, 1, 0x28, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := reader{prefix: "fuzz", ends: make(map[int32]int64)}
		for _, p := range list(b) {
			if r.entry(p[0], p[1]) != nil {
				return
			}
		}
		for _, e := range r.list {
			if e.Bytes < 0 || e.Key == "" {
				t.Errorf("have %+v", e)
			}
		}
	})
}
