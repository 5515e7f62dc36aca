package graph

import (
	"os"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
	"ndflow/tfc"
)

// unknownOp makes an op of the graph, or one inside a function of it, unknown.
func unknownOp(t *testing.T, g *tfpb.GraphDef, node, function, inside string) {
	t.Helper()
	changed := 0
	for _, n := range g.GetNode() {
		if n.GetName() == node {
			n.Op = "NoSuchOp"
			changed++
		}
	}
	var library tfpb.FunctionDefLibrary
	must(t, proto.Unmarshal(g.GetLibrary(), &library))
	for _, f := range library.GetFunction() {
		for _, n := range f.GetNodeDef() {
			if f.GetSignature().GetName() == function && n.GetName() == inside {
				n.Op = "NoSuchOp"
				changed++
			}
		}
	}
	raw, err := proto.Marshal(&library)
	must(t, err)
	g.Library = raw
	if changed == 0 {
		t.Fatalf("there is no node %q, nor %q in %q", node, inside, function)
	}
}

// calledBy is the function that a node of the graph calls.
func calledBy(g *tfpb.GraphDef, node string) string {
	for _, n := range g.GetNode() {
		if n.GetName() == node {
			return n.GetAttr()["f"].GetFunc().GetName()
		}
	}
	return ""
}

// A model is loaded without what needs an op that TensorFlow lacks: what is left works as
// before, with its variables and tables, and nothing is left of the private folder.
func TestLoadWithoutOp(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for name, c := range map[string]struct {
		model  string
		change func(*tfpb.MetaGraphDef, *tfpb.GraphDef)
		lost   string // the signature that cannot be had, or "" for none
	}{
		"an op that nothing needs": {"mlp", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			g.Node = append(g.GetNode(), &tfpb.NodeDef{Name: "spare", Op: "NoSuchOp"})
		}, ""},
		"an op of one signature": {"colocated", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			unknownOp(t, g, "z", "", "")
		}, "variable"},
		"an op that is placed with others": {"colocated", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			unknownOp(t, g, "other", "", "")
		}, ""},
		"in a function that a signature calls": {"strings", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			f := calledBy(g, "StatefulPartitionedCall")
			unknownOp(t, g, "", f, "StatefulPartitionedCall")
		}, "reverse"},
		"in saving": {"mlp", func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			for _, n := range g.GetNode() {
				if f := calledBy(g, n.GetName()); strings.HasPrefix(f, "__inference__traced_save") {
					n.Op = "NoSuchOp"
				}
			}
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := modeltest.Change(t, fixture(c.model), c.change)
			m, err := Load(dir)
			must(t, err)
			defer m.Close()
			in, want := expected(t, c.model, "")
			out, err := m.Call(bg, "", in)
			must(t, err)
			for name, w := range want {
				checkStored(t, "Call", name, out[name], w, in)
			}
			for _, s := range m.Signatures() {
				if (s.Problem != "") != (s.Name == c.lost) {
					t.Errorf("signature %s: the problem is %q", s.Name, s.Problem)
				}
			}
			if c.lost != "" {
				_, err = m.Call(bg, c.lost, nil)
				wantError(t, err, ErrUnavailable, c.lost, `op "NoSuchOp"`)
				_, err = m.Runner(c.lost)
				wantError(t, err, ErrUnavailable, c.lost)
			}
		})
	}
	t.Run("an op of the only signature", func(t *testing.T) {
		dir := modeltest.Change(t, fixture("mlp"), func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) {
			unknownOp(t, g, "StatefulPartitionedCall", "", "")
		})
		_, err := Load(dir)
		wantError(t, err, tfc.NotFound, dir, "NoSuchOp")
	})
	left, err := os.ReadDir(temp)
	must(t, err)
	for _, e := range left {
		if strings.HasPrefix(e.Name(), "ndflow") {
			t.Errorf("%s is left", e.Name())
		}
	}
}
