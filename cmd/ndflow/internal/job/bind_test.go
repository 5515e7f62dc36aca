package job

import "testing"

func TestParseSource(t *testing.T) {
	for arg, want := range map[string]Source{
		"x=x.npy":            {Name: "x", Path: "x.npy"},
		"x.npy":              {Path: "x.npy"},
		"all.npz":            {Path: "all.npz"},
		"dense/x:0=a=b.npy":  {Name: "dense/x:0", Path: "a=b.npy"},
		"w=text:words.txt":   {Name: "w", Path: "words.txt", Text: true},
		"text:words.txt":     {Path: "words.txt", Text: true},
		"w=./text:words.txt": {Name: "w", Path: "./text:words.txt"},
	} {
		if have, err := ParseSource(arg); err != nil || have != want {
			t.Errorf("%q: have %+v, %v, want %+v", arg, have, err, want)
		}
	}
	for _, arg := range []string{"", "=", "=x", "x=", "text:", "x=text:"} {
		if have, err := ParseSource(arg); err == nil {
			t.Errorf("%q: have %+v, want an error", arg, have)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for arg, want := range map[string]Target{
		"y=y.npy":       {Name: "y", Path: "y.npy"},
		"y.npy":         {Path: "y.npy"},
		"all.npz":       {Path: "all.npz"},
		"y:0=a=b/c.npz": {Name: "y:0", Path: "a=b/c.npz"},
	} {
		if have, err := ParseTarget(arg); err != nil || have != want {
			t.Errorf("%q: have %+v, %v, want %+v", arg, have, err, want)
		}
	}
	for _, arg := range []string{"", "=", "=y.npy", "y=", "y", "y=y", "y=-", "y.txt", "npy"} {
		if have, err := ParseTarget(arg); err == nil {
			t.Errorf("%q: have %+v, want an error", arg, have)
		}
	}
}
