package modeltest

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// Foreign are devices that a machine without GPUs, and a process of no cluster, does not
// have, as graphs of other machines ask for, and what is no device's name.
var Foreign = []string{
	"/device:GPU:0", "/job:localhost/replica:0/task:0/device:GPU:1", "/gpu:0", "/device:GPU:*",
	"/device:CPU:1", "/device:TPU:0", "/device:XPU_9:3",
	"/job:worker/task:3/device:CPU:0", "/job:ps/replica:2/task:1/device:GPU:1", "/job:ps", "/task:7",
	"GPU:0", "CPU", "/device:", "/device:GPU:one", "//", "/cpu:0/nonsense", "what is this?",
}

// Pin returns a copy of the SavedModel in dir whose nodes, those of functions included, ask
// for the devices in turn. Calls lose what they say of how their functions are placed.
func Pin(t testing.TB, dir string, devices ...string) string {
	t.Helper()
	return Change(t, dir, func(_ *tfpb.MetaGraphDef, g *tfpb.GraphDef) { PinGraph(t, g, devices...) })
}

// PinGraph is [Pin] for a graph.
func PinGraph(t testing.TB, g *tfpb.GraphDef, devices ...string) {
	t.Helper()
	i := 0
	pin := func(nodes []*tfpb.NodeDef) {
		for _, n := range nodes {
			n.Device = devices[i%len(devices)]
			delete(n.GetAttr(), "config_proto")
			i++
		}
	}
	pin(g.GetNode())
	var library tfpb.FunctionDefLibrary
	if err := proto.Unmarshal(g.GetLibrary(), &library); err != nil {
		t.Fatal(err)
	}
	for _, f := range library.GetFunction() {
		pin(f.GetNodeDef())
	}
	raw, err := proto.Marshal(&library)
	if err != nil {
		t.Fatal(err)
	}
	g.Library = raw
}
