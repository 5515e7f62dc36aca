package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ndflow/npy"
)

const hello = `echo '{"ready": 1, "name": "a shell"}'; `

// serves is a peer in sh that answers each request by what is in it.
func serves(setup, run, results string) string {
	return hello + `while read -r line; do case "$line" in
*'"setup"'*) ` + setup + `;;
*'"run"'*) ` + run + `;;
*'"results"'*) ` + results + `;;
*) echo '{"ok": true}';;
esac; done`
}

const ok = `echo '{"ok": true}'`

// adding is a scenario in which the sum of some numbers is wanted of an external peer.
func adding(whole bool, n int) *Scenario {
	return &Scenario{
		Name: "adding", Title: "Adding", Work: "Numbers are added up.", Unit: "sum", WholeProcess: whole,
		Claims: []Claim{{Says: "it adds up", Verdict: func(*Result) (string, string) { return "it was added", "true" }}},
		Cases: func(ctx context.Context, env *Env) ([]Case, error) {
			task := Task{Work: sumWork, Args: map[string]any{"n": n}}
			return []Case{{
				Name: "numbers", Task: &task, Want: sumOf(int64(n) * int64(n-1) / 2),
				Peers: []Peer{env.Child("another process", task)},
			}}, nil
		},
	}
}

// add times a peer that the command is beside one that works, and returns what
// became of it. Patience is for both.
func add(t *testing.T, command string, patience time.Duration) (*PeerResult, *Report) {
	t.Helper()
	r, err := Run(t.Context(), Options{
		Scenarios: []*Scenario{adding(false, 100)}, Quick: true, Patience: patience, Child: self(t),
		External: []ExternalPeer{{Name: "x", Command: command}},
	})
	must(t, err)
	c := r.Scenarios[0].Cases[0]
	if p := c.Peer("another process"); p.State != Timed || len(p.Times) != r.Settings.Rounds {
		t.Errorf("have %+v, want the peer beside it timed", p)
	}
	return c.Peer("x"), r
}

// Whatever a peer does, it is told what was wrong with it, and the others are timed all
// the same. One that never answers would hold up the test for longer than it may take.
func TestBadPeers(t *testing.T) {
	for name, c := range map[string]struct {
		command string
		want    State
		note    string
	}{
		"no such command":     {"no-such-command", Failed, "not found"},
		"ends at once":        {"echo out of luck >&2; exit 3", Failed, "exit status 3): out of luck"},
		"another protocol":    {`echo '{"ready": 7}'; read -r line`, Failed, "its first line is not"},
		"talks":               {"echo Hello; cat >/dev/null", Failed, `it wrote "Hello", want one JSON object`},
		"is silent":           {"sleep 3600", Failed, "no answer in "},
		"leaves a child":      {"sleep 3600 & sleep 1000", Failed, "no answer in "},
		"cannot":              {serves(`echo '{"missing": "only on Sundays"}'`, ok, ok), Absent, "only on Sundays"},
		"fails to set up":     {serves(`echo '{"error": "no room"}'`, ok, ok), Failed, "no room"},
		"says nothing":        {serves(`echo '{}'`, ok, ok), Failed, `no "ok"`},
		"fails to run":        {serves(ok, `echo '{"error": "too hot"}'`, ok), Failed, "too hot"},
		"hangs in a run":      {serves(ok, "sleep 3600", ok), Failed, "no answer in "},
		"dies in a run":       {serves(ok, "echo ouch >&2; kill -9 $$", ok), Failed, "killed): ouch"},
		"closes its output":   {serves(ok, "exec >&-", ok), Failed, "it has ended"},
		"has no results":      {serves(ok, ok, ok), Failed, "no results"},
		"has wrong results":   {serves(ok, ok, wrongSum(t)), Failed, "the int64 elements differ"},
		"has other results":   {serves(ok, ok, otherSum(t)), Failed, `result "sum" is not there: have ["product"]`},
		"has another dtype":   {serves(ok, ok, floatSum(t)), Failed, "have float32 [], want int64 []"},
		"a very long line":    {"head -c 2000000 /dev/zero", Failed, "it has ended"},
		"dies after checking": {serves(ok, `n=$((n+1)); [ $n -lt 9 ] || exit 4; `+ok, rightSum(t)), Failed, "exit status 4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patience := time.Duration(0) // as ever
			if c.note == "no answer in " {
				patience = 10 * time.Second
				c.note += patience.String()
			}
			p, r := add(t, c.command, patience)
			if p.State != c.want || !strings.Contains(p.Note, c.note) || len(p.Times) > 0 {
				t.Errorf("have %s %q with %d times, want %s %q with none", p.State, p.Note, len(p.Times), c.want, c.note)
			}
			verdict := r.Scenarios[0].Findings[0].Verdict
			if failed := c.want == Failed; failed != r.Failed() || failed != strings.HasPrefix(verdict, "failed: numbers, x") {
				t.Errorf("have failed %v and verdict %q", r.Failed(), verdict)
			}
		})
	}
}

// copySum is what a shell does to give a result: it copies a file to the folder of
// the request.
func copySum(t *testing.T, name string, a *npy.Array) string {
	t.Helper()
	path := t.TempDir() + "/sum.npy"
	must(t, npy.WriteFile(path, a))
	return fmt.Sprintf(`dir=${line##*'"dir":"'}; cp '%s' "${dir%%%%'"'*}/%s.npy"; `+ok, path, name)
}

func rightSum(t *testing.T) string { return copySum(t, "sum", npy.Scalar(int64(4950))) }
func wrongSum(t *testing.T) string { return copySum(t, "sum", npy.Scalar(int64(1))) }
func floatSum(t *testing.T) string { return copySum(t, "sum", npy.Scalar(float32(4950))) }
func otherSum(t *testing.T) string { return copySum(t, "product", npy.Scalar(int64(4950))) }

// A peer that a shell is does what the protocol asks.
func TestExternalPeer(t *testing.T) {
	p, r := add(t, serves(ok, `echo '{"ok": true, "measures": {"luck": 7}}'`, rightSum(t)), 0)
	if p.State != Timed || p.Kind != External || len(p.Times) != r.Settings.Rounds || p.N == 0 || p.ToFloor == nil {
		t.Errorf("have %+v, want it timed", p)
	}
	if luck, _ := p.Measure("luck"); luck != 7 {
		t.Errorf("have luck %v, want 7", luck)
	}
	if want := "x: a shell"; !strings.Contains(strings.Join(r.Peers, "\n"), want) {
		t.Errorf("have peers %q, want %q", r.Peers, want)
	}
}

// Peers of whole processes have one for each timing, and are measured in it.
func TestWholeProcesses(t *testing.T) {
	const n = 8 << 20 // numbers of 8 bytes
	r, err := Run(t.Context(), Options{
		Scenarios: []*Scenario{adding(true, n)}, Quick: true, Child: self(t),
		External: []ExternalPeer{{Name: "a shell around it", Command: "'" + strings.Join(self(t), "' '") + "'; true"}},
	})
	must(t, err)
	for _, p := range r.Scenarios[0].Cases[0].Peers {
		if p.State != Timed || p.N != 1 || len(p.Times) != r.Settings.Rounds {
			t.Fatalf("have %+v, want it timed", p)
		}
		for _, name := range []string{MeasureOwn, MeasurePeak} {
			if v, ok := p.Measure(name); !ok || v < 8*n || v > 8*n+1<<30 {
				t.Errorf("%s: have %s %s, want 64 MB and somewhat more", p.Name, name, size(v))
			}
		}
		if v, ok := p.Measure("numbers"); !ok || v != n {
			t.Errorf("%s: have %v numbers, want %d", p.Name, v, n)
		}
		if _, ok := p.Measure(MeasureCores); !ok {
			t.Errorf("%s: it is not said how many cores were busy", p.Name)
		}
	}
}

func TestServeRefuses(t *testing.T) {
	for line, want := range map[string]string{
		`nonsense`:                              "invalid character",
		`{"do": "run", "id": 3, "n": 1}`:        "no work has the id 3",
		`{"do": "setup", "work": "x"}`:          `no work "x"`,
		`{"do": "setup", "work": "test.sum"}`:   "unexpected end of JSON",
		`{"do": "results", "id": 0, "dir": ""}`: "no work has the id 0",
	} {
		var out strings.Builder
		must(t, Serve(strings.NewReader(line+"\n"), &out))
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var a answer
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &a); err != nil || len(lines) != 2 || !strings.Contains(a.Error, want) {
			t.Errorf("%s: have %q, want the error %q", line, lines, want)
		}
	}
}
