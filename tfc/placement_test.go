package tfc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlacementPlugin opens plugins of all kinds. Only the one that belongs to
// the library may do anything.
func TestPlacementPlugin(t *testing.T) {
	lib, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("no plugin\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, plugin, want string }{
		{"beside the library", "", "placement: true"},
		{"turned off", "off", "placement: false NDFLOW_PLACEMENT is off"},
		{"not there", filepath.Join(dir, "none.so"), "placement: false there is no plugin " + dir + "/none.so; " + setUp + " builds it"},
		{"no shared library", text, "placement: false the plugin " + text + " was refused: "},
		{"for another TensorFlow", fakePlugin(t, `{NDF_PLACEMENT_ABI, "2.0.7", open, 0, 0}`, "ndf_placement_v1"),
			"was refused: it was built for TensorFlow 2.0.7, the library is " + lib.Version()},
		{"of another interface", fakePlugin(t, fmt.Sprintf(`{NDF_PLACEMENT_ABI + 1, "%s", open, 0, 0}`, lib.Version()), "ndf_placement_v1"),
			"was refused: it was built by another version of ndflow"},
		{"of another symbol", fakePlugin(t, `{NDF_PLACEMENT_ABI, "2.0.7", open, 0, 0}`, "ndf_placement_v0"),
			"was refused: it was built by another version of ndflow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr := child(t, "load", EnvPlacement+"="+c.plugin)
			if !strings.Contains(stdout, c.want) {
				t.Errorf("output lacks %q:\n%s", c.want, stdout)
			}
			if stderr != "" {
				t.Errorf("the plugin ran, or loading was not quiet:\n%s", stderr)
			}
		})
	}
}

// fakePlugin compiles a plugin that says so on stderr when it is opened.
func fakePlugin(t *testing.T, table, symbol string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, plugin := filepath.Join(dir, "fake.c"), filepath.Join(dir, "fake.so")
	text := fmt.Sprintf(`#include <stdio.h>
#include "placement.h"
static const char *open(void) { fputs("opened\n", stderr); return NULL; }
const ndf_placement %s = %s;
`, symbol, table)
	if err := os.WriteFile(source, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-I", here, "-o", plugin, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return plugin
}
