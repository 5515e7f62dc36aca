package pins

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

func TestMoves(t *testing.T) {
	devices := []string{"/job:localhost/replica:0/task:0/device:CPU:0", "/job:localhost/replica:0/task:0/device:GPU:0"}
	to := To(devices)
	for _, c := range []struct{ device, local, to string }{
		{"", "", ""},
		{"/device:GPU:0", "/device:GPU:0", "/device:GPU:0"},
		{"/gpu:0", "/gpu:0", "/gpu:0"},
		{"/device:GPU:*", "/device:GPU:*", "/device:GPU:*"},
		{"/device:GPU:1", "/device:GPU:1", ""},
		{"/job:localhost/replica:0/task:0/device:GPU:0", "/job:localhost/replica:0/task:0/device:GPU:0", "/job:localhost/replica:0/task:0/device:GPU:0"},
		{"/job:*/task:0", "/job:*/task:0", "/job:*/task:0"},
		{"/job:worker/task:3/device:GPU:0", "/device:GPU:0", "/device:GPU:0"},
		{"/job:worker/task:3/device:GPU:2", "/device:GPU:2", ""},
		{"/job:localhost/replica:0/task:1/device:CPU:0", "/device:CPU:0", "/device:CPU:0"},
		{"/replica:4/cpu:0", "/device:CPU:0", "/device:CPU:0"},
		{"/job:ps", "", ""},
		{"/job:ps/device:TPU", "/device:TPU", ""},
		{"/job:9/device:CPU:0", "", ""},
		{"GPU:0", "", ""},
		{"/device:GPU:one", "", ""},
		{"/device:", "", ""},
		{"nonsense", "", ""},
	} {
		if have := Local(c.device); have != c.local {
			t.Errorf("%q in any process like this: have %q, want %q", c.device, have, c.local)
		}
		if have := to(c.device); have != c.to {
			t.Errorf("%q in this process: have %q, want %q", c.device, have, c.to)
		}
	}
}

// What is not a device stays as it is to the last byte, and is not copied where nothing
// changes.
func TestGraph(t *testing.T) {
	node := func(name, device string) *tfpb.NodeDef {
		return &tfpb.NodeDef{Name: name, Op: "Const", Input: []string{"a", "^b"}, Device: device,
			Attr: map[string]*tfpb.AttrValue{"s": {Value: &tfpb.AttrValue_S{S: []byte("/job:worker")}}}}
	}
	build := func(a, b, c string) []byte {
		t.Helper()
		marshal := proto.MarshalOptions{Deterministic: true}
		library, err := marshal.Marshal(&tfpb.FunctionDefLibrary{Function: []*tfpb.FunctionDef{{
			Signature: &tfpb.OpDef{Name: "f"}, NodeDef: []*tfpb.NodeDef{node("c", c)},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		def, err := marshal.Marshal(&tfpb.GraphDef{Node: []*tfpb.NodeDef{node("a", a), node("n", ""), node("b", b)}, Library: library, Versions: &tfpb.VersionDef{Producer: 7}})
		if err != nil {
			t.Fatal(err)
		}
		return def
	}
	def := build("/job:worker/device:GPU:1", "/device:CPU:0", "/job:worker/device:GPU:1")
	have, found := Graph(def, Local)
	if want := build("/device:GPU:1", "/device:CPU:0", "/device:GPU:1"); !bytes.Equal(have, want) {
		t.Errorf("have\n%q, want\n%q", have, want)
	}
	want := List{{"/job:worker/device:GPU:1", "a", 2}, {"/device:CPU:0", "b", 1}}
	if !slices.Equal(found, want) {
		t.Errorf("found %v, want %v", found, want)
	}
	for how, move := range map[string]Move{"no move": nil, "nothing to change": func(d string) string { return d }} {
		if have, _ := Graph(def, move); &have[0] != &def[0] || len(have) != len(def) {
			t.Errorf("%s: the graph was copied", how)
		}
	}
	for end := range def { // cut off anywhere
		Graph(def[:end], Local)
	}
}
