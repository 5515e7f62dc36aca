package bench

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"ndflow/npy"
)

// quick is a quick run of every scenario with the peers that are here. Python is the
// one that "make test" has set up: with TensorFlow only if that was fetched before.
var quick = sync.OnceValues(func() (*Report, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return Run(context.Background(), Options{
		Quick: true, Command: "ndflow bench --quick", Child: []string{path, asPeer},
		External: []ExternalPeer{{Name: "out of reach", Command: `echo '{"ready": 1}'; while read -r line; do echo '{"missing": "it only says so"}'; done`}},
	})
})

func quickRun(t *testing.T) *Report {
	t.Helper()
	r, err := quick()
	must(t, err)
	return r
}

// Every scenario runs, its results are right, and each peer has its times or says
// why it has none.
func TestScenarios(t *testing.T) {
	r := quickRun(t)
	if _, err := FindPython(); err != nil {
		t.Errorf("the tests want the Python that scripts/python makes: %v", err)
	}
	if len(r.Scenarios) != len(Scenarios()) || r.Interrupted || r.Failed() {
		t.Errorf("have %d scenarios of %d, interrupted %v, failed %v", len(r.Scenarios), len(Scenarios()), r.Interrupted, r.Failed())
	}
	for i, s := range r.Scenarios {
		t.Run(s.Name, func(t *testing.T) {
			if s.Error != "" {
				t.Fatal(s.Error)
			}
			if !slices.Contains(order, s.Name) || s.Title == "" || s.Work == "" || s.Unit == "" {
				t.Errorf("have name %q, title %q, work %q, unit %q", s.Name, s.Title, s.Work, s.Unit)
			}
			if len(s.Findings) != len(Scenarios()[i].Claims) || len(s.Findings) == 0 {
				t.Errorf("have %d findings, want one for each claim", len(s.Findings))
			}
			for _, f := range s.Findings {
				if f.Claim == "" || f.Measured == "" || f.Verdict == "" {
					t.Errorf("have %+v, want all said", f)
				}
			}
			for _, c := range s.Cases {
				checkCase(t, r, s, c)
			}
		})
	}
}

func checkCase(t *testing.T, r *Report, s *Result, c *CaseResult) {
	kinds := map[Kind]bool{}
	for _, p := range c.Peers {
		switch {
		case p.State == Absent && p.Note != "" && (p.Kind == Python || p.Kind == External):
			continue
		case p.State != Timed:
			t.Errorf("%s: %s: %s: %s", c.Name, p.Name, p.State, p.Note)
			continue
		case len(p.Times) != r.Settings.Rounds || p.N < 1:
			t.Errorf("%s: %s: have %d times of %d repetitions, want %d", c.Name, p.Name, len(p.Times), p.N, r.Settings.Rounds)
		case !(0 < p.Q1 && p.Q1 <= p.Median && p.Median <= p.Q3):
			t.Errorf("%s: %s: have %+v", c.Name, p.Name, p.Summary)
		case p.Name != c.Floor && p.ToFloor == nil:
			t.Errorf("%s: %s: there is no ratio to %s", c.Name, p.Name, c.Floor)
		}
		if _, ok := p.Measure(MeasurePeak); ok != s.WholeProcess {
			t.Errorf("%s: %s: have a peak of memory: %v, want %v", c.Name, p.Name, ok, s.WholeProcess)
		}
		kinds[p.Kind] = true
	}
	if !kinds[NDFlow] {
		t.Errorf("%s: no peer of ndflow's was timed", c.Name)
	}
}

// A verdict bears a result in which everything is missing.
func TestVerdictsOfNothing(t *testing.T) {
	for _, s := range Scenarios() {
		for _, c := range s.Claims {
			if measured, verdict := c.Verdict(&Result{}); measured == "" || verdict == "" {
				t.Errorf("%s: %s: have %q and %q, want that it cannot be told", s.Name, c.Says, measured, verdict)
			}
		}
	}
}

// What was found is in each of the forms in which it is told.
func TestForms(t *testing.T) {
	r := quickRun(t)
	var terminal, markdown, raw strings.Builder
	must(t, r.WriteTable(&terminal, 120))
	must(t, r.WriteMarkdown(&markdown, "pictures"))
	must(t, r.WriteJSON(&raw))

	again, err := ReadReport(strings.NewReader(raw.String()))
	must(t, err)
	if !reflect.DeepEqual(again, r) {
		t.Error("the report that is read back is another")
	}
	here, err := os.Getwd()
	must(t, err)
	for _, path := range []string{r.Machine.Library.Path, filepath.Dir(r.Machine.Library.Path), here, os.Getenv("HOME")} {
		if len(path) > 1 && strings.Contains(markdown.String(), path) { // a home may be unset, or /
			t.Errorf("the path %s is in the document", path)
		}
	}
	if want := "in " + r.Machine.Library.Path; !strings.Contains(terminal.String(), want) {
		t.Errorf("the library's path is not in the table")
	}
	for _, s := range r.Scenarios {
		words := []string{s.Title, s.Unit}
		for _, c := range s.Cases {
			words = append(words, c.Name)
			for _, p := range c.Peers {
				words = append(words, p.Name, p.cells(c.Floor)[1].(string))
				if p.State == Absent {
					words = append(words, "issing: "+p.Name+": "+p.Note)
				}
			}
		}
		for _, w := range words {
			if !strings.Contains(terminal.String(), w) || !strings.Contains(markdown.String(), w) {
				t.Errorf("%s: %q is not in the table or not in the document", s.Name, w)
			}
		}
		for _, w := range []string{"`ndflow bench " + s.Name + "`", "](pictures/" + s.Name + ".svg)"} {
			if !strings.Contains(markdown.String(), w) {
				t.Errorf("%s: %q is not in the document", s.Name, w)
			}
		}
		checkPicture(t, s)
	}
}

// checkPicture looks for what must be in a plot, whose background is that of the
// page.
func checkPicture(t *testing.T, s *Result) {
	t.Helper()
	raw, err := s.SVG()
	must(t, err)
	var texts []string
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		switch x := token.(type) {
		case xml.CharData:
			texts = append(texts, strings.TrimSpace(string(x)))
		case xml.StartElement:
			if x.Name.Local == "rect" {
				t.Errorf("%s: the plot has a background", s.Name)
			}
		}
	}
	want := []string{"time per " + s.Unit}
	for _, p := range s.panels() {
		want = append(want, p.name)
	}
	for _, c := range s.curves() {
		want = append(want, c.name)
	}
	for _, w := range want {
		if w != "" && !slices.Contains(texts, w) {
			t.Errorf("%s: %q is not in the plot, which has %q", s.Name, w, texts)
		}
	}
}

// A run that is stopped keeps the rounds that all have done.
func TestInterrupted(t *testing.T) {
	for name, c := range map[string]struct {
		after float64 // which part of the run
		want  State
	}{
		"in the rounds": {0.8, Timed},
		"at once":       {0.01, Stopped},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			second := adding(false, 100)
			second.Name = "never begun"
			r, err := Run(ctx, Options{
				Scenarios: []*Scenario{adding(false, 100), second}, Quick: true, Rounds: 20, Child: self(t),
				Progress: func(p Progress) {
					if p.Part*2 >= c.after {
						cancel()
					}
				},
			})
			must(t, err)
			if !r.Interrupted || len(r.Scenarios) != 1 {
				t.Fatalf("have interrupted %v with %d scenarios, want one", r.Interrupted, len(r.Scenarios))
			}
			p := r.Scenarios[0].Cases[0].Peers[0]
			if p.State != c.want || p.State == Timed && (len(p.Times) < LeastRounds || len(p.Times) >= 20) {
				t.Errorf("have %s with %d times, want %s", p.State, len(p.Times), c.want)
			}
			var b strings.Builder
			must(t, r.WriteTable(&b, 0))
			if !strings.Contains(b.String(), "interrupted") {
				t.Error("the table does not say so")
			}
		})
	}
}

// A scenario that cannot make its cases has failed, and the next is run.
func TestFailedScenario(t *testing.T) {
	bad := adding(false, 100)
	bad.Name = "broken"
	bad.Cases = func(context.Context, *Env) ([]Case, error) { return nil, errors.New("no room on the disk") }
	r, err := Run(t.Context(), Options{Scenarios: []*Scenario{bad, adding(false, 100)}, Quick: true, Child: self(t)})
	must(t, err)
	if !r.Failed() || r.Scenarios[0].Error != "no room on the disk" || r.Scenarios[1].Timed("numbers", "another process") == nil {
		t.Errorf("have %+v and %+v", r.Scenarios[0], r.Scenarios[1])
	}
	var b strings.Builder
	must(t, r.WriteTable(&b, 0))
	must(t, r.WriteMarkdown(&b, ""))
	if n := strings.Count(b.String(), "no room on the disk"); n != 2 {
		t.Errorf("it is said %d times, want once in each form", n)
	}
}

// What is not there is a row that says how to get it.
func TestMissingPython(t *testing.T) {
	s, err := Find("batching")
	must(t, err)
	r, err := Run(t.Context(), Options{
		Scenarios: s, Quick: true, Peers: []string{"python"}, PythonAt: filepath.Join(t.TempDir(), "python"),
	})
	must(t, err)
	for _, c := range r.Scenarios[0].Cases {
		for _, p := range c.Peers {
			if p.Kind != Python || p.State != Absent || !strings.Contains(p.Note, "scripts/python --tensorflow") {
				t.Errorf("have %+v, want it missing", p)
			}
		}
	}
}

func TestFind(t *testing.T) {
	if _, err := Find("batching", "nonsense"); err == nil || !strings.Contains(err.Error(), `"nonsense"`) || !strings.Contains(err.Error(), `"batching"`) {
		t.Errorf("have %v, want what is there", err)
	}
	if s, err := Find("batching"); err != nil || len(s) != 1 || s[0].Name != "batching" {
		t.Errorf("have %v, %v", s, err)
	}
	for _, s := range Scenarios() {
		if !slices.Contains(order, s.Name) {
			t.Errorf("%q has no place in the order", s.Name)
		}
	}
}

func TestCompareArrays(t *testing.T) {
	a, err := npy.From([]float32{1, 100})
	must(t, err)
	b, err := npy.From([]float32{1.01, 100})
	must(t, err)
	if err := compareArrays(a, b, 1e-3); err != nil {
		t.Error(err)
	}
	if err := compareArrays(a, b, 1e-5); err == nil || !strings.Contains(err.Error(), "element 0 is 1, want 1.01") {
		t.Errorf("have %v", err)
	}
}
