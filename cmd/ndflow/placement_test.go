package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/modeltest"
	"ndflow/internal/tfpb"
)

// A model of a machine with other devices runs, says with --verbose what was moved, and is
// refused with --strict-placement.
func TestRunForeignDevices(t *testing.T) {
	frozen := filepath.Join(t.TempDir(), "frozen.pb")
	raw, err := os.ReadFile(fixture("frozen", "frozen.pb"))
	if err != nil {
		t.Fatal(err)
	}
	def := new(tfpb.GraphDef)
	if err := proto.Unmarshal(raw, def); err != nil {
		t.Fatal(err)
	}
	modeltest.PinGraph(t, def, modeltest.Foreign...)
	if raw, err = proto.Marshal(def); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(frozen, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ model, in, args, out string }{
		{modeltest.Pin(t, fixture("mlp"), modeltest.Foreign...), fixture("mlp", "expected"), "--in %IN/in_x.npy --out y.npy", "out_probs.npy"},
		{frozen, fixture("frozen", "expected"), "--in x:0=%IN/in_x.npy --in y:0=%IN/in_y.npy --out z:0=y.npy", "out_z.npy"},
	} {
		dir := t.TempDir()
		args := append([]string{"run", "--device", "CPU", c.model}, strings.Fields(strings.ReplaceAll(c.args, "%IN", c.in))...)
		ok(t, dir, args...)
		near(t, c.model, load(t, filepath.Join(dir, "y.npy")), load(t, filepath.Join(c.in, c.out)))
		r := inside(t, dir, append(args, "--verbose")...)
		if r.code != 0 || !strings.Contains(r.stderr, "moved: ") || !strings.Contains(r.stderr, `"/device:GPU:0", which does not exist`) {
			t.Errorf("have exit code %d, stderr %q, want what was moved", r.code, r.stderr)
		}
		fails(t, dir, append(args, "--strict-placement"), `no device "/device:GPU:0"`)
	}
}
