package plot

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"ndflow/npy"
)

// reportOf has n matrices, and one array of each kind that is not drawn.
func reportOf(t *testing.T, n int, o Options) *Report {
	t.Helper()
	r := NewReport("Weights of <model> & more", o)
	add := func(name string, a *npy.Array) {
		if err := r.Add(t.Context(), Series{name, a}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		values := wave(20+i%7, 30)
		values[3] = float32(math.NaN())
		add(fmt.Sprintf("layer_%d/kernel", i), array(t, values, 20+i%7, 30))
	}
	empty, err := npy.New(npy.Float32, 0, 4)
	if err != nil {
		t.Fatal(err)
	}
	add("<script>alert(1)</script>", array(t, []string{"a", "b"}))
	add("nothing", empty)
	add("all NaN", array(t, []float64{math.NaN(), math.Inf(1)}))
	add("scalar", array(t, []int64{7}, []int{}...))
	return r
}

func TestHTML(t *testing.T) {
	r := reportOf(t, 3, Options{})
	var b strings.Builder
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{
		"<title>Weights of &lt;model&gt; &amp; more</title>", "7 arrays", "4 NaN and 1 Inf left out", "layer_0/kernel", "20 × 30", "&lt;script&gt;alert(1)&lt;/script&gt;",
		"string has no order", "it is empty", "all elements are NaN or infinite (1 NaN, 1 Inf)", "prefers-color-scheme: dark", "scalar",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("want %q in the page", want)
		}
	}
	if have := strings.Count(page, "<tr>") - 1; have != 7 {
		t.Errorf("have %d rows, want 7", have)
	}
	if have := strings.Count(page, "<svg"); have != 4 {
		t.Errorf("have %d histograms, want 4", have)
	}
	for _, elsewhere := range []string{"http://", "https://", " src=\"/", "@import", "url("} {
		if strings.Contains(page, elsewhere) {
			t.Errorf("have %q in a page that is to need nothing else", elsewhere)
		}
	}
	pictures := regexp.MustCompile(`src="(data:[^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(pictures) != 3 {
		t.Fatalf("have %d pictures, want 3", len(pictures))
	}
	m := decoded(t, strings.ReplaceAll(pictures[0][1], "&#43;", "+"))
	if size := m.Bounds().Size(); size.X != 30 || size.Y != 20 {
		t.Errorf("have a picture of %v, want 30 x 20", size)
	}
	if _, _, _, a := m.At(3, 0).RGBA(); a != 0 {
		t.Error("the NaN has a colour")
	}
	if n := strings.Count(page, "<details>"); n != strings.Count(page, "</details>") || n != 4 {
		t.Errorf("have %d details, want 4", n)
	}
}

// TestThousands keeps the page of thousands of weights small.
func TestThousands(t *testing.T) {
	const n = 2000
	r := reportOf(t, n, Options{Log: true})
	var b strings.Builder
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if each := b.Len() / n; each > 4096 {
		t.Errorf("have %d bytes for each weight, want at most 4096", each)
	}
	if _, err := r.Figure(); err == nil || !strings.Contains(err.Error(), "2004 arrays: want at most 400") {
		t.Errorf("have %v", err)
	}
}

func TestTiles(t *testing.T) {
	r := reportOf(t, 10, Options{})
	f, err := r.Figure()
	if err != nil {
		t.Fatal(err)
	}
	s := parsed(t, f)
	all := strings.Join(s.texts, "\n")
	for _, want := range []string{"Weights of <model> & more", "layer_9/kernel", "float32 [20 30]", "1 NaN left out", "it is empty", "14 arrays"} {
		if !strings.Contains(all, want) {
			t.Errorf("have %q, want %q in it", s.texts, want)
		}
	}
	if n := pixels(drawn(t, f), inOrder(0)); n < 10_000 {
		t.Errorf("have %d pixels of bars, want more", n)
	}
	have := letter(t, f, Terminal{Unicode: true})
	for _, want := range []string{"layer_0/kernel", "█", "it is empty", "all elements are NaN"} {
		if !strings.Contains(have, want) {
			t.Errorf("have\n%s\nwant %q in it", have, want)
		}
	}
	if _, err := NewReport("none", Options{}).Figure(); err == nil {
		t.Error("have a picture of no arrays")
	}
}
