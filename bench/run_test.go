package bench

import "testing"

// Every scenario runs in its quick form, and every peer has times or says why not.
func TestScenarios(t *testing.T) {
	r, err := Run(t.Context(), Options{Quick: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Scenarios {
		if s.Error != "" {
			t.Errorf("%s: %s", s.Name, s.Error)
		}
		for _, c := range s.Cases {
			for _, p := range c.Peers {
				switch p.State {
				case Timed:
					if len(p.Times) != r.Settings.Rounds {
						t.Errorf("%s: %s: %s: have %d times, want %d", s.Name, c.Name, p.Name, len(p.Times), r.Settings.Rounds)
					}
				case Absent:
				default:
					t.Errorf("%s: %s: %s: %s: %s", s.Name, c.Name, p.Name, p.State, p.Note)
				}
			}
		}
	}
}
