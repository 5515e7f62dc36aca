package ops_test

import (
	"os"
	"sync"
	"testing"

	"ndflow/internal/leaktest"
	"ndflow/ops"
	"ndflow/tfc"
)

func TestMain(m *testing.M) {
	// With oneDNN TensorFlow puts other kernels for some ops into graphs than it
	// runs at once, and they round differently. The library looks when it is loaded.
	os.Setenv("TF_ENABLE_ONEDNN_OPTS", "0")
	leaktest.Main(m, tfc.CheckLeaks)
}

// library is what the loaded library knows of all its ops.
var library = sync.OnceValues(func() (*ops.Defs, error) {
	b, err := tfc.AllOps()
	if err != nil {
		return nil, err
	}
	return ops.ParseDefs(b)
})

func def(t testing.TB, name string) *ops.Def {
	t.Helper()
	defs, err := library()
	if err != nil {
		t.Fatal(err)
	}
	d, ok := defs.Lookup(name)
	if !ok {
		t.Fatalf("the library has no op %s", name)
	}
	return d
}
