package tfc

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// child runs this test binary again as a process of its own, since a process
// has one library. What it does is told by runChild.
func child(t *testing.T, task string, env ...string) (stdout, stderr string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), append(env, "NDFLOW_TEST_TASK="+task)...)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		t.Fatalf("child %s: %v\n%s%s", task, err, out.String(), errOut.String())
	}
	return out.String(), errOut.String()
}

// TestChild is the body of the processes that child starts; alone it checks
// that it was not started as one.
func TestChild(t *testing.T) {
	switch task := os.Getenv("NDFLOW_TEST_TASK"); task {
	case "":
	case "load":
		lib, err := Load(os.Getenv("NDFLOW_TEST_PATH"))
		if err != nil {
			t.Logf("error: %v", err)
			if !errors.Is(err, ErrLibrary) {
				t.Errorf("the error is not ErrLibrary: %v", err)
			}
			return
		}
		t.Logf("loaded: %s, CUDA %v", lib.Path(), lib.CUDA())
		on, why := lib.Placement()
		t.Logf("placement: %v %s", on, why)
	default:
		t.Fatalf("unknown task %q", task)
	}
}

func TestLoadIsQuiet(t *testing.T) {
	_, stderr := child(t, "load")
	if stderr != "" {
		t.Errorf("loading wrote to stderr:\n%s", stderr)
	}
}

func TestLoadSearch(t *testing.T) {
	lib, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Dir(lib.Path())
	empty := t.TempDir()
	notALibrary := filepath.Join(empty, "text.so")
	if err := os.WriteFile(notALibrary, []byte("no library\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	withCUDA := buildWithCUDA(t, lib.Path())
	for _, version := range []string{"2.9.0", "2.21.0", "2.3.1"} {
		dir := filepath.Join(cache, "ndflow", "libtensorflow-"+version+"-x", "lib")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if version == "2.21.0" {
			for _, name := range []string{filepath.Base(lib.Path()), "libtensorflow_framework.so.2"} {
				if err := os.Symlink(filepath.Join(folder, name), filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		} else if err := os.WriteFile(filepath.Join(dir, libraryNames[0]), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	noEnv := EnvLibrary + "="

	for _, c := range []struct {
		name string
		env  []string
		want []string
	}{
		{"explicit file", []string{"NDFLOW_TEST_PATH=" + lib.Path(), noEnv}, []string{"loaded: " + lib.Path() + ", CUDA false"}},
		{"build for GPUs", []string{"NDFLOW_TEST_PATH=" + withCUDA, noEnv}, []string{"loaded: " + withCUDA + ", CUDA true"}},
		{"explicit folder", []string{"NDFLOW_TEST_PATH=" + folder, noEnv}, []string{"loaded: " + folder}},
		{"environment names a file", []string{EnvLibrary + "=" + lib.Path()}, []string{"loaded: "}},
		{"environment names a folder", []string{EnvLibrary + "=" + folder}, []string{"loaded: "}},
		{"newest version of the cache", []string{noEnv, "XDG_CACHE_HOME=" + cache}, []string{"loaded: " + cache + "/ndflow/libtensorflow-2.21.0-x"}},
		{"no home and no cache", []string{noEnv, "XDG_CACHE_HOME=", "HOME="}, []string{"error: ", "cache", "$XDG_CACHE_HOME/ndflow", "HOME"}},
		{"explicit path is an order", []string{"NDFLOW_TEST_PATH=" + notALibrary, EnvLibrary + "=" + lib.Path()}, []string{"error: ", "text.so", "given path"}},
		{"file that is no library", []string{EnvLibrary + "=" + notALibrary}, []string{"error: ", EnvLibrary, "text.so", setUp}},
		{"library that is not TensorFlow", []string{"NDFLOW_TEST_PATH=libm.so.6"}, []string{"error: ", "not a TensorFlow 2 library", "TF_"}},
		{"nothing anywhere", []string{noEnv, "XDG_CACHE_HOME=" + empty}, []string{
			"error: ", "cache", "libtensorflow-*", "loader's path", "libtensorflow_cc.so.2", "libtensorflow.so", setUp, EnvLibrary}},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, _ := child(t, "load", c.env...)
			for _, want := range c.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("output lacks %q:\n%s", want, stdout)
				}
			}
		})
	}
}

// buildWithCUDA makes a library that has what lib has and a function of the CUDA
// driver, as TensorFlow's build for GPUs has it.
func buildWithCUDA(t *testing.T, lib string) string {
	t.Helper()
	dir := t.TempDir()
	source, made := filepath.Join(dir, "cuda.c"), filepath.Join(dir, "libtensorflow_cc.so.2")
	if err := os.WriteFile(source, []byte("int cuInit(unsigned flags) { return (int)flags; }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"-shared", "-fPIC", "-o", made, source, "-Wl,--no-as-needed", lib, "-Wl,-rpath," + filepath.Dir(lib)}
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return made
}

func TestCachedOrder(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	var want []string
	for _, name := range []string{"libtensorflow-gpu-2.21.0-amd64", "libtensorflow-gpu-2.9.1-amd64", "libtensorflow-2.22.0-amd64", "libtensorflow-2.3.0-amd64"} {
		file := filepath.Join(cache, "ndflow", name, "lib", libraryNames[0])
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		want = append(want, file)
	}
	if have := cached(filepath.Join(cache, "ndflow")); !slices.Equal(have, want) {
		t.Errorf("have %q, want %q", have, want)
	}
}

func TestLoadAgain(t *testing.T) {
	first, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"", first.Path(), filepath.Dir(first.Path())} {
		if again, err := Load(path); err != nil || again != first {
			t.Errorf("Load(%q) = %v, %v, want the library that is loaded", path, again, err)
		}
	}
	if _, err := Load(filepath.Join(t.TempDir(), "other.so")); !errors.Is(err, ErrLibrary) || !strings.Contains(err.Error(), first.Path()) {
		t.Errorf("loading another library: %v, want an error that names the loaded one", err)
	}
	if !strings.HasPrefix(first.Version(), "2.") {
		t.Errorf("version %q", first.Version())
	}
	if tried := first.Tried(); len(tried) == 0 || tried[len(tried)-1].Err != nil {
		t.Errorf("the last place tried is not the one that was loaded: %v", tried)
	}
}

func TestCompareVersions(t *testing.T) {
	sorted := []string{"lib-2.3.1/a", "lib-2.9.0/a", "lib-2.10.0/a", "lib-2.21.0/a", "lib-2.21.1/a", "lib-3.0.0/a"}
	got := slices.Clone(sorted)
	slices.Reverse(got)
	slices.SortFunc(got, compareVersions)
	if !slices.Equal(got, sorted) {
		t.Errorf("order is %v, want %v", got, sorted)
	}
}
