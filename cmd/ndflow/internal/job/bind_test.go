package job

import "testing"

func TestParseSource(t *testing.T) {
	for arg, want := range map[string]Source{
		"x=x.npy":            {Name: "x", Named: true, Path: "x.npy"},
		"x.npy":              {Path: "x.npy"},
		"all.npz":            {Path: "all.npz"},
		"dense/x:0=a=b.npy":  {Name: "dense/x:0", Named: true, Path: "a=b.npy"},
		"w=text:words.txt":   {Name: "w", Named: true, Path: "words.txt", Text: true},
		"text:words.txt":     {Path: "words.txt", Text: true},
		"w=./text:words.txt": {Name: "w", Named: true, Path: "./text:words.txt"},
		`"a=b"=x.npy`:        {Name: "a=b", Named: true, Path: "x.npy"},
		`""=x=y.npy`:         {Named: true, Path: "x=y.npy"},
		`"\"q\""=text:w.txt`: {Name: `"q"`, Named: true, Path: "w.txt", Text: true},
		`"n\n\u00fc"=x.npy`:  {Name: "n\nü", Named: true, Path: "x.npy"},
		`./"x.npy`:           {Path: `./"x.npy`},
	} {
		if have, err := ParseSource(arg); err != nil || have != want {
			t.Errorf("%q: have %+v, %v, want %+v", arg, have, err, want)
		}
	}
	for _, arg := range []string{"", "=", "=x", "x=", "text:", "x=text:", `"`, `"a`, `"a"`, `"a"=`, `"a"x.npy`, `"\q"=x.npy`} {
		if have, err := ParseSource(arg); err == nil {
			t.Errorf("%q: have %+v, want an error", arg, have)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for arg, want := range map[string]Target{
		"y=y.npy":       {Name: "y", Named: true, Path: "y.npy"},
		"y.npy":         {Path: "y.npy"},
		"all.npz":       {Path: "all.npz"},
		`"a=b"=y.npy`:   {Name: "a=b", Named: true, Path: "y.npy"},
		`""=y.npy`:      {Named: true, Path: "y.npy"},
		"y:0=a=b/c.npz": {Name: "y:0", Named: true, Path: "a=b/c.npz"},
	} {
		if have, err := ParseTarget(arg); err != nil || have != want {
			t.Errorf("%q: have %+v, %v, want %+v", arg, have, err, want)
		}
	}
	for _, arg := range []string{"", "=", "=y.npy", "y=", "y", "y=y", "y=-", "y.txt", "npy", `"y"`, `"y"=`, `""=y.txt`} {
		if have, err := ParseTarget(arg); err == nil {
			t.Errorf("%q: have %+v, want an error", arg, have)
		}
	}
}
