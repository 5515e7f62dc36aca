package threads_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/threads"
	"ndflow/tfc"
)

// child makes the test's own program run one step and print TensorFlow's threads.
const child = "NDFLOW_TEST_THREADS"

func TestMain(m *testing.M) {
	code, err := 0, error(nil)
	switch os.Getenv(child) {
	case "graph":
		err = count(session)
	case "eager":
		err = count(context)
	default:
		code = m.Run()
	}
	if err := errors.Join(err, tfc.CheckLeaks()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// TestThreads counts the threads in the pool on which an op's parts run and, in a
// session, in that for ops. They are the process's own, so each case is a process.
func TestThreads(t *testing.T) {
	// What the environment says of this process is not for those of the cases.
	before := runtime.GOMAXPROCS(runtime.NumCPU())
	all := threads.Usable() // fewer than there are in a container with a quota
	runtime.GOMAXPROCS(before)
	set := []string{"GOMAXPROCS=", "TF_NUM_INTRAOP_THREADS=", "TF_NUM_INTEROP_THREADS="}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return slices.ContainsFunc(set, func(name string) bool { return strings.HasPrefix(v, name) })
	})
	for name, c := range map[string]struct {
		env          []string
		intra, inter int
	}{
		"all processors":    {nil, all, all},
		"fewer for Go":      {[]string{"GOMAXPROCS=1"}, 1, 1},
		"more for Go":       {[]string{fmt.Sprintf("GOMAXPROCS=%d", 4*runtime.NumCPU())}, all, all},
		"TensorFlow's word": {[]string{"GOMAXPROCS=1", "TF_NUM_INTRAOP_THREADS=3", "TF_NUM_INTEROP_THREADS=4"}, 3, 4},
	} {
		for _, mode := range []string{"graph", "eager"} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				t.Parallel()
				cmd := exec.Command(os.Args[0])
				cmd.Env = slices.Concat(env, c.env, []string{child + "=" + mode})
				cmd.Stderr = os.Stderr
				have, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("%d %d", c.intra, c.inter); string(have) != want {
					t.Errorf("have %s threads in an op and for ops, want %s", have, want)
				}
			})
		}
	}
}

// count makes TensorFlow's threads by make and prints how many there are, in an op and
// for ops. The kernel takes no names as long as the one that TensorFlow has for the
// former, so they keep that of the thread that has made them.
func count(make func() (closer, error)) error {
	runtime.LockOSThread()
	const maker = "maker"
	name, err := unix.BytePtrFromString(maker)
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(name)), 0, 0, 0); err != nil {
		return err
	}
	c, err := make()
	if err != nil {
		return err
	}
	defer c.Close()
	tasks, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		return err
	}
	threads := map[string]int{}
	for _, task := range tasks {
		name, _ := os.ReadFile(task) // some end while we look
		threads[strings.TrimSpace(string(name))]++
	}
	_, err = fmt.Printf("%d %d", threads[maker]-1, threads["tf_Compute"])
	return err
}

type closer interface{ Close() }

func session() (closer, error) {
	g, err := graph.New()
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return graph.NewSession(g)
}

func context() (closer, error) { return eager.New() }
