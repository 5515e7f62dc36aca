package bench

import (
	"errors"
	"strings"
	"testing"
)

// measured is a report of one case: a floor, and ndflow with this ratio to it.
func measured(r Ratio) *Report {
	return &Report{
		Format:  reportFormat,
		Machine: Machine{CPU: "some", Arch: "amd64", Cores: 2, Memory: 8 << 30, Caches: []string{"L1 32K"}, Library: Library{Version: "2.21.0"}},
		Scenarios: []*Result{{Name: "s", Cases: []*CaseResult{{Name: "c", Floor: "C", Peers: []*PeerResult{
			{Name: "C", Kind: Floor, State: Timed},
			{Name: "ndflow", Kind: NDFlow, State: Timed, ToFloor: &r},
			{Name: "slow", Kind: Python, State: Timed, ToFloor: &Ratio{10 * r.Value, 10 * r.Low, 10 * r.High}},
		}}}}},
	}
}

func TestCompare(t *testing.T) {
	was := Ratio{1.10, 1.08, 1.12}
	for name, c := range map[string]struct {
		is            Ratio
		worse, better int
	}{
		"the same":                      {was, 0, 0},
		"6 % larger, intervals apart":   {Ratio{1.17, 1.15, 1.19}, 1, 0},
		"6 % larger, intervals meet":    {Ratio{1.17, 1.11, 1.23}, 0, 0},
		"4 % larger, intervals apart":   {Ratio{1.145, 1.14, 1.15}, 0, 0},
		"10 % smaller, intervals apart": {Ratio{1, 0.98, 1.02}, 0, 1},
		"10 % smaller, intervals meet":  {Ratio{1, 0.9, 1.1}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := measured(c.is).Compare(measured(was))
			must(t, err)
			if x.Compared != 1 || len(x.Worse) != c.worse || len(x.Better) != c.better {
				t.Errorf("have %+v, want %d worse and %d better of ndflow's one", x, c.worse, c.better)
			}
			var b strings.Builder
			must(t, x.Write(&b))
			if said := strings.Contains(b.String(), "\nworse: s: c: ndflow: "); said != (c.worse == 1) {
				t.Errorf("have %q", b.String())
			}
		})
	}
}

func TestCompareRefuses(t *testing.T) {
	r := Ratio{1, 1, 1}
	for name, change := range map[string]func(m *Machine){
		"CPU some, not other":      func(m *Machine) { m.CPU = "other" },
		"cores 2, not 4":           func(m *Machine) { m.Cores = 4 },
		"memory 8.00 GB, not 16.0": func(m *Machine) { m.Memory *= 2 },
		"caches [L1 32K], not []":  func(m *Machine) { m.Caches = nil },
		"amd64, not arm64":         func(m *Machine) { m.Arch = "arm64" },
	} {
		other := measured(r)
		change(&other.Machine)
		if _, err := measured(r).Compare(other); !errors.Is(err, ErrOtherMachine) || !strings.Contains(err.Error(), name) {
			t.Errorf("have %v, want %q", err, name)
		}
	}

	other := measured(r)
	other.Machine.Memory -= 100 << 20 // of which a kernel keeps more or less
	other.Machine.Library.Version = "2.20.0"
	c, err := measured(r).Compare(other)
	must(t, err)
	if len(c.Notes) != 1 || !strings.Contains(c.Notes[0], "2.20.0") {
		t.Errorf("have notes %q, want one of another library", c.Notes)
	}

	other.Scenarios = nil
	if _, err := measured(r).Compare(other); err == nil || !strings.Contains(err.Error(), "no ratio") {
		t.Errorf("have %v, want nothing to compare", err)
	}
	for _, text := range []string{"", "{}", "[1]", `{"format": 99}`} {
		if _, err := ReadReport(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "not a report") {
			t.Errorf("%q: have %v, want no report", text, err)
		}
	}
}
