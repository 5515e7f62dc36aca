package scripttest

import (
	"strings"
	"testing"
)

func TestErrorsHaveTheScriptsWords(t *testing.T) {
	if _, err := run("python", "--nonsense"); err == nil || !strings.Contains(err.Error(), "unknown argument: --nonsense") {
		t.Errorf("a script: have %v", err)
	}
	if _, err := run("nonsense"); err == nil || !strings.Contains(err.Error(), "no scripts/nonsense") {
		t.Errorf("no script: have %v", err)
	}
	_, err := NumPy.Output("-c", "print('before'); raise ValueError('because')")
	if err == nil || !strings.Contains(err.Error(), "before") || !strings.Contains(err.Error(), "ValueError: because") {
		t.Errorf("Python: have %v", err)
	}
}

func TestPythonsHaveWhatTheyAreFor(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		python Python
		module string
	}{{NumPy, "numpy"}, {Tables, "pyarrow"}} {
		if out := c.python.Run(t, "-c", "import "+c.module+"; print('ok')"); string(out) != "ok\n" {
			t.Errorf("%s: have %q", c.module, out)
		}
	}
}
