package savedmodel

import (
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

func fixture(name string) string { return filepath.Join("..", "..", "testdata", "models", name) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func parse(t testing.TB, model string) *Graph {
	t.Helper()
	file, err := Read(fixture(model))
	must(t, err)
	g, err := ParseGraph(file.GetMetaGraphs()[0])
	must(t, err)
	return g
}

func TestLost(t *testing.T) {
	for model, want := range map[string]string{
		"mlp": "", "counter": "", "v1": "", "tables_v1": "", "keras_export": "", "strings": "", "add": "",
		"keras":        "network/hidden/bias network/hidden/kernel network/norm/beta network/norm/gamma network/norm/moving_mean network/norm/moving_variance network/probs/bias network/probs/kernel",
		"keras_tables": "embedding/embeddings",
	} {
		g := parse(t, model)
		used, err := g.Signatures()
		must(t, err)
		lost, err := g.Lost(used)
		must(t, err)
		if got := strings.Join(lost, " "); got != want {
			t.Errorf("%s: lost are %q, want %q", model, got, want)
		}
	}
}

func TestClosure(t *testing.T) {
	g := parse(t, "tables_v1")
	c, err := g.Closure([]string{"id:0"}, []string{"word"})
	must(t, err)
	want := []string{"Const", "count", "count/read", "hash_table", "hash_table_Lookup/LookupTableFindV2", "id"}
	if got := c.Names(); !slices.Equal(got, want) {
		t.Errorf("the closure is %v, want %v", got, want)
	}
	_, err = g.Closure([]string{"none"}, nil)
	if err == nil || !strings.Contains(err.Error(), `"none"`) {
		t.Errorf("the closure of what is not there: %v", err)
	}
}

func TestIsolate(t *testing.T) {
	g := parse(t, "strings")
	used, err := g.Signatures()
	must(t, err)
	functions, err := g.Isolate(used, "_2", func(op string) bool { return op == "HashTableV2" })
	must(t, err)
	known := make(map[string]bool)
	for _, f := range functions {
		name := f.GetSignature().GetName()
		known[name] = true
		if !strings.HasSuffix(name, "_2") {
			t.Errorf("function %q has its old name", name)
		}
		if strings.Contains(name, "traced_save") {
			t.Errorf("function %q is of no use to a signature", name)
		}
	}
	if len(known) != 6 { // three signatures, each with a wrapper
		t.Errorf("functions are %v", slices.Sorted(maps.Keys(known)))
	}
	tables := 0
	for _, n := range g.Def.GetNode() {
		if f := n.GetAttr()["f"].GetFunc().GetName(); f != "" && !known[f] {
			t.Errorf("%s calls %q, which is not there", n.GetName(), f)
		}
		if n.GetOp() == "HashTableV2" {
			tables++
			if name := string(n.GetAttr()["shared_name"].GetS()); !strings.HasSuffix(name, "_2") {
				t.Errorf("table %s is shared as %q", n.GetName(), name)
			}
		}
	}
	if tables != 2 {
		t.Errorf("%d tables, want 2", tables)
	}
}

// A graph restores its variables itself, or in a function.
func TestRestoredKeys(t *testing.T) {
	for model, want := range map[string]map[string]string{
		"v1":             {"limit": "limit"},
		"tables_v1":      {"count": "count"},
		"partitioned_v1": {"bias": "bias", "net/w/part_0": "net/w", "net/w/part_1": "net/w"},
		"counter":        {"count": "count" + ValueSuffix},
		"mlp":            {"w1": "w1" + ValueSuffix, "w2": "w2" + ValueSuffix, "b1": "b1" + ValueSuffix, "b2": "b2" + ValueSuffix},
		// The objects say that the signatures' kernel_1 is variables/0.
		"keras_export": {"network/line/kernel_1": "_all_variables/0" + ValueSuffix, "Variable": "variables/0" + ValueSuffix},
		"add":          {},
	} {
		keys, err := parse(t, model).RestoredKeys()
		if err != nil || !maps.Equal(keys, want) {
			t.Errorf("%s: have %v (%v), want %v", model, keys, err, want)
		}
	}
}

// Damaged files are errors or nonsense, never a panic.
func TestDamaged(t *testing.T) {
	for _, model := range []string{"keras", "keras_export", "partitioned_v1", "tables_v1"} {
		whole, err := os.ReadFile(filepath.Join(fixture(model), MainFile))
		must(t, err)
		seed := rand.Uint64()
		random := rand.New(rand.NewPCG(seed, 0))
		t.Logf("%s: seed %d", model, seed)
		for range 300 {
			raw := slices.Clone(whole)
			for range 1 + random.IntN(4) {
				raw[random.IntN(len(raw))] = byte(random.Uint32())
			}
			var file tfpb.SavedModel
			if proto.Unmarshal(raw, &file) != nil || len(file.GetMetaGraphs()) == 0 {
				continue
			}
			meta := file.GetMetaGraphs()[0]
			_, _ = Assets(meta, "")
			g, err := ParseGraph(meta)
			if err != nil {
				continue
			}
			used, err := g.Signatures()
			if err != nil {
				continue
			}
			_, _ = g.Lost(used)
			if o, err := g.Objects(used); err == nil {
				// Of the same form as a checkpoint's, as far as names go.
				_, _ = o.Keys(meta.GetObjectGraphDef())
			}
			_, _ = g.RestoredKeys()
			_, _ = VariableObjects(meta, meta.GetObjectGraphDef())
			_, _ = g.Isolate(used, "_2", func(string) bool { return true })
		}
	}
}
