package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/npy"
)

// wave is an array of rows × cols.
func wave(rows, cols int) []float32 {
	v := make([]float32, rows*cols)
	for i := range v {
		v[i] = float32(math.Sin(float64(i/cols)/5) * math.Cos(float64(i%cols)/4))
	}
	return v
}

// pictures fills a folder with arrays to draw.
func pictures(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("LANG", "C.UTF-8")
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_CTYPE", "")
	save(t, dir+"/m.npy", wave(20, 30), 20, 30)
	save(t, dir+"/v.npy", wave(1, 200))
	save(t, dir+"/strings.npy", []string{"a"})
	save(t, dir+"/complex.npy", []complex64{1})
	save(t, dir+"/empty.npy", []float32{}, 0, 3)
	save(t, dir+"/nan.npy", []float64{math.NaN(), math.NaN()})
	w, err := npy.CreateNPZ(dir + "/two.npz")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"first", "second"} {
		a, err := npy.From(wave(4, 5), 4, 5)
		if err == nil {
			err = w.Write(name, a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPlotFiles(t *testing.T) {
	dir := pictures(t)
	for i, args := range []string{
		"m.npy", "m.npy --kind hist --log --bins 10 --unit mV --title Title", "m.npy --kind image", "v.npy", "m.npy m.npy -k scatter",
		"two.npz:first two.npz:second", "%M:w1", "%M:b1 %M:b2 --kind hist", "--all %M", "--all two.npz --match first",
	} {
		for _, ext := range []string{"png", "svg"} {
			out := fmt.Sprintf("%d.%s", i, ext)
			if r := ok(t, dir, append(line("plot "+args, "%M", fixture("mlp")), "-o", out)...); r.stdout != "" {
				t.Errorf("%s: have %q on stdout", args, r.stdout)
			}
			content, err := os.ReadFile(filepath.Join(dir, out))
			if err != nil {
				t.Fatal(err)
			}
			if ext == "png" {
				if m, err := png.Decode(bytes.NewReader(content)); err != nil || m.Bounds().Dx() < 400 {
					t.Errorf("%s: have %v, %v", args, m, err)
				}
				continue
			}
			for d := xml.NewDecoder(bytes.NewReader(content)); err == nil; {
				_, err = d.Token()
			}
			if !errors.Is(err, io.EOF) {
				t.Errorf("%s: %v", args, err)
			}
		}
	}
}

func TestPlotPage(t *testing.T) {
	dir := pictures(t)
	ok(t, dir, "plot", "--all", fixture("mlp"), "-o", "page.html")
	page, err := os.ReadFile(dir + "/page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<!DOCTYPE html>", ">w1<", ">b2<", "16 × 8", "Weights of ", "4 arrays, 172 elements"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("want %q in the page", want)
		}
	}
}

func TestPlotText(t *testing.T) {
	dir := pictures(t)
	save(t, dir+"/n.npy", []int32{1, 1, 2})
	r := ok(t, dir, "plot", "n.npy", "--kind", "hist")
	if want := "n.npy: int32 [3]\n3 elements, mean 1.333, std 0.4714, min 1, max 2\n\n1 │" + strings.Repeat("█", 74) + " 2\n2 │" + strings.Repeat("█", 37) + strings.Repeat(" ", 37) + " 1\n"; r.stdout != want {
		t.Errorf("have\n%s\nwant\n%s", r.stdout, want)
	}
	if r := ok(t, dir, "plot", "m.npy"); strings.Contains(r.stdout, "\x1b") || !strings.Contains(r.stdout, "m.npy: float32 [20 30]") {
		t.Errorf("have %q in a pipe", r.stdout)
	}
	if r := ok(t, dir, "plot", "--all", fixture("mlp")); !strings.Contains(r.stdout, "w2") || !strings.Contains(r.stdout, "█") {
		t.Errorf("have %q", r.stdout)
	}
	t.Setenv("LC_ALL", "C")
	if r := ok(t, dir, "plot", "n.npy", "--kind", "hist"); !strings.Contains(r.stdout, "1 |####") {
		t.Errorf("have %q where there is no Unicode", r.stdout)
	}
}

// TestPlotOnTerminal draws with the colours that the terminal has.
func TestPlotOnTerminal(t *testing.T) {
	dir := pictures(t)
	for _, c := range []struct{ term, color, no, want, not string }{
		{"xterm", "truecolor", "", "\x1b[38;2;", "\x1b[38;5;"},
		{"xterm-256color", "", "", "\x1b[38;5;", "\x1b[38;2;"},
		{"xterm-256color", "truecolor", "1", "%", "\x1b["},
		{"dumb", "truecolor", "", "%", "\x1b["},
	} {
		cmd := command(t, dir, "plot", "m.npy", "--kind", "heat")
		cmd.Env = append(cmd.Env, "TERM="+c.term, "COLORTERM="+c.color, "NO_COLOR="+c.no)
		screen := screened(t, cmd, &cmd.Stdout, func(string) {})
		if !strings.Contains(screen, c.want) || strings.Contains(screen, c.not) {
			t.Errorf("%+v: have %.300q", c, screen)
		}
	}
}

// TestPlotBadInput draws what cannot be drawn, and leaves nothing.
func TestPlotBadInput(t *testing.T) {
	dir := pictures(t)
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/short.npy", []byte("\x93NUMPY"), 0o666); err != nil {
		t.Fatal(err)
	}
	for args, words := range map[string][]string{
		"empty.npy -o x.png":                    {"empty.npy", "is empty"},
		"nan.npy -o x.png":                      {"all of 2 elements", "2 NaN"},
		"strings.npy -o x.png":                  {"strings.npy", "have string, want numbers"},
		"complex.npy -o x.png":                  {"have complex64"},
		"m.npy --kind line -o x.png":            {"float32 [20 30]", "at most 8"},
		"v.npy --kind image -o x.png":           {"[H W]"},
		"m.npy v.npy --kind scatter -o x.png":   {"want the same shape"},
		"m.npy --kind scatter -o x.png":         {"want two"},
		"m.npy v.npy --kind heat -o x.png":      {"want one"},
		"nope.npy -o x.png":                     {"nope.npy", "no such file"},
		"short.npy -o x.png":                    {"short.npy", "not a valid file"},
		"two.npz -o x.png":                      {"two.npz has 2 arrays", "two.npz:NAME", `"first", "second"`},
		"two.npz:third -o x.png":                {`no array "third"`, `"first", "second"`},
		"%M:w9 -o x.png":                        {`no array "w9"`, `"w1"`},
		"m.npy -o nope/x.png":                   {"write nope/x.png: no such file"},
		"m.npy -o two.npz/x.png":                {"two.npz/x.png"},
		"--all two.npz --match third -o x.html": {"no name of 2 arrays matches third"},
		"--all nope -o x.html":                  {"nope"},
	} {
		fails(t, dir, append([]string{"plot"}, line(args, "%M", fixture("mlp"))...), words...)
	}
	after, err := os.ReadDir(dir)
	if err != nil || len(after) != len(before)+1 {
		t.Errorf("have %v, %v, want no other file", after, err)
	}
}

func TestPlotUsage(t *testing.T) {
	for args, word := range map[string]string{
		"":                           "FILE or MODEL:VARIABLE is missing",
		"a.npy -o a.pdf":             "want .png or .svg",
		"a.npy -o a.html":            "a page needs --all",
		"--all m -o a.gif":           "want .html, .png or .svg",
		"a.npy --kind pie":           "want hist, heat, image, line or scatter",
		"a.npy --bins 0":             "--bins 0: want 1 to 4096",
		"a.npy --match x":            "--match needs --all",
		"--all m a.npy":              `"a.npy"`,
		"--all m --kind hist":        "do not go together",
		"--all m --match ( -o a.png": "--match",
	} {
		checkFailure(t, inside(t, t.TempDir(), append([]string{"plot"}, strings.Fields(args)...)...), exitUsage, word)
	}
}

func TestPlotExists(t *testing.T) {
	dir := pictures(t)
	if err := os.WriteFile(dir+"/old.png", []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	fails(t, dir, []string{"plot", "m.npy", "-o", "old.png"}, "old.png exists: --force")
	fails(t, dir, []string{"plot", "strings.npy", "-o", "old.png", "--force"}, "have string")
	if content, err := os.ReadFile(dir + "/old.png"); err != nil || string(content) != "old" {
		t.Errorf("have %q, %v", content, err)
	}
	ok(t, dir, "plot", "m.npy", "-o", "old.png", "--force")
	if content, err := os.ReadFile(dir + "/old.png"); err != nil || !bytes.HasPrefix(content, []byte("\x89PNG")) {
		t.Errorf("have %.20q, %v", content, err)
	}
}

// TestPlotFullDisk has a limit on the size of files, as TestFullDisk.
func TestPlotFullDisk(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := pictures(t)
	before, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range []string{"m.npy -o x.png", "m.npy -o x.svg", "--all two.npz -o x.html", "--all two.npz -o x.svg"} {
		cmd := exec.CommandContext(t.Context(), "sh", "-c", fmt.Sprintf("ulimit -f 4; exec '%s' plot %s", self, args))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), asCommand+"=1")
		checkFailure(t, finish(t, cmd), exitFailure, "write x.", "file too large")
		after, err := os.ReadDir(dir)
		if err != nil || len(after) != len(before) {
			t.Errorf("%s: have %v, %v, want nothing left over", args, after, err)
		}
	}
}
