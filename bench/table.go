package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// WriteTable writes the report for a terminal of so many columns; 0 stands for 100.
func (r *Report) WriteTable(w io.Writer, columns int) error {
	if columns < 60 {
		columns = 100
	}
	var b strings.Builder
	for _, line := range r.about(true) {
		fmt.Fprintln(&b, line)
	}
	for _, s := range r.Scenarios {
		fmt.Fprintf(&b, "\n%s: %s\n%s\n\n", strings.ToUpper(s.Name), s.Title, text.WrapSoft(s.Work, columns))
		if s.Error != "" {
			fmt.Fprintf(&b, "FAILED: %s\n", s.Error)
			continue
		}
		t := s.timings()
		t.SetStyle(terminalStyle())
		fmt.Fprintln(&b, t.Render())
		for _, note := range s.notes() {
			fmt.Fprintln(&b, note)
		}
	}
	fmt.Fprintf(&b, "\nCLAIMS\n\n")
	t := r.claims()
	t.SetStyle(terminalStyle())
	t.Style().Options.SeparateRows = true
	third := (columns - 16) / 3
	t.SetColumnConfigs([]table.ColumnConfig{
		{Number: 2, WidthMax: third, WidthMaxEnforcer: text.WrapSoft},
		{Number: 3, WidthMax: third, WidthMaxEnforcer: text.WrapSoft},
		{Number: 4, WidthMax: third, WidthMaxEnforcer: text.WrapSoft},
	})
	fmt.Fprintln(&b, t.Render())
	for _, warning := range r.warnings() {
		fmt.Fprintf(&b, "\nWARNING: %s\n", warning)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func terminalStyle() table.Style {
	s := table.StyleLight
	s.Options = table.OptionsNoBordersAndSeparators
	s.Options.SeparateHeader = true
	s.Format.Header = text.FormatDefault
	return s
}

// about says what was measured on, and how. Paths are for whoever sits at the
// machine, not for documents.
func (r *Report) about(paths bool) []string {
	m := &r.Machine
	library := fmt.Sprintf("TensorFlow %s (%s)", m.Library.Version, size(float64(m.Library.Size)))
	if paths {
		library += " in " + m.Library.Path
	}
	for _, name := range slices.Sorted(maps.Keys(m.Library.Env)) {
		library += fmt.Sprintf(", %s=%s", name, m.Library.Env[name])
	}
	lines := []string{
		fmt.Sprintf("Machine    %s, %d cores (%s), %s of memory, caches %s", m.CPU, m.Cores, m.Arch, size(float64(m.Memory)), strings.Join(m.Caches, ", ")),
		fmt.Sprintf("System     Linux %s, %s", m.Kernel, m.Go),
		"Library    " + library,
		"Placement  " + m.Placement,
		"Executor   as each peer says, with as many threads as TensorFlow takes by itself",
	}
	for _, p := range r.Peers {
		lines = append(lines, "Peer       "+p)
	}
	how := fmt.Sprintf("Measured   %s: %d rounds in random order, a timing lasts %v or more", r.Time.Format("2006-01-02"), r.Settings.Rounds, r.Settings.Timing)
	if r.Settings.Quick {
		how += "; a quick run, whose figures say little"
	}
	return append(lines, how,
		"Ratios     to the peer of a case that has 1, or to the one that is named: medians of the rounds' own,",
		"           with a bootstrap interval of 95 %; ~ where it includes 1, so that there may be no difference",
		"Spread     the middle half of the timings")
}

// warnings are what a reader must know before the figures.
func (r *Report) warnings() []string {
	list := slices.Clone(r.Warnings)
	if r.Interrupted {
		list = append(list, "the run was interrupted: some of it is missing")
	}
	return list
}

// claims sets what is said beside what was found.
func (r *Report) claims() table.Writer {
	t := table.NewWriter()
	t.AppendHeader(table.Row{"", "claim", "measured", "verdict"})
	for _, s := range r.Scenarios {
		for i, f := range s.Findings {
			name := s.Name
			if i > 0 {
				name = ""
			}
			t.AppendRow(table.Row{name, f.Claim, f.Measured, f.Verdict})
		}
		if s.Error != "" {
			t.AppendRow(table.Row{s.Name, "", "", "failed"})
		}
	}
	return t
}

// timings has a row for each peer of each case.
func (s *Result) timings() table.Writer {
	measures := s.measures()
	head := table.Row{"", "", "time per " + s.Unit, "spread", "ratio"}
	for _, m := range measures {
		head = append(head, measureName(m))
	}
	t := table.NewWriter()
	t.AppendHeader(head)
	columns := []table.ColumnConfig{{Number: 3, Align: text.AlignRight}, {Number: 4, Align: text.AlignRight}}
	for i := range measures {
		columns = append(columns, table.ColumnConfig{Number: 6 + i, Align: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	for _, c := range s.Cases {
		for i, p := range c.Peers {
			name := c.Name
			if i > 0 {
				name = ""
			}
			row := append(table.Row{name}, p.cells(c.Floor)...)
			for _, m := range measures {
				row = append(row, p.measure(m))
			}
			t.AppendRow(row)
		}
	}
	return t
}

// cells are what a row says of a peer.
func (p *PeerResult) cells(floor string) table.Row {
	if p.State != Timed {
		return table.Row{p.Name, string(p.State), "", ""}
	}
	_, per := durationUnit(p.Q1)
	spread := fmt.Sprintf("%s-%s", number(p.Q1/per), duration(p.Q3))
	if unit, _ := durationUnit(p.Q3); unit != unitOf(p.Q1) {
		spread = fmt.Sprintf("%s-%s", duration(p.Q1), duration(p.Q3))
	}
	ratio := ""
	switch {
	case p.Name == floor:
		ratio = "1"
	case p.ToFloor != nil:
		ratio = p.ToFloor.String()
		if p.Floor != floor {
			ratio += " to " + p.Floor
		}
	}
	return table.Row{p.Name, duration(p.Median), spread, ratio}
}

func unitOf(ns float64) string {
	unit, _ := durationUnit(ns)
	return unit
}

// String is a ratio with its interval, and a mark where that includes 1.
func (r Ratio) String() string {
	s := fmt.Sprintf("%s (%s-%s)", number(r.Value), number(r.Low), number(r.High))
	if r.Includes1() {
		s += " ~"
	}
	return s
}

// measures lists what else was seen of any peer.
func (s *Result) measures() []string {
	names := map[string]bool{}
	for _, c := range s.Cases {
		for _, p := range c.Peers {
			for name := range p.Measures {
				names[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// measureName is a measure's name without its unit, which its values have.
func measureName(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, " ns"), " bytes")
}

// measure is the median of a measure in the unit that its name ends with.
func (p *PeerResult) measure(name string) string {
	v, ok := p.Measure(name)
	switch {
	case !ok:
		return ""
	case strings.HasSuffix(name, " ns"):
		return duration(v)
	case strings.HasSuffix(name, " bytes"):
		return size(v)
	}
	return number(v)
}

// notes say what is missing and how to get it, and why what has failed has: once
// for each peer and reason, with the cases.
func (s *Result) notes() []string {
	var lines []string
	cases := map[string][]string{}
	for _, c := range s.Cases {
		for _, p := range c.Peers {
			if p.State != Absent && p.State != Failed {
				continue
			}
			line := fmt.Sprintf("%s: %s", p.State, p.Name)
			if p.Note != "" {
				line += ": " + strings.ReplaceAll(p.Note, "\n", " ")
			}
			if cases[line] == nil {
				lines = append(lines, line)
			}
			cases[line] = append(cases[line], c.Name)
		}
	}
	for i, line := range lines {
		if n := cases[line]; len(n) < len(s.Cases) {
			lines[i] += fmt.Sprintf(" (%s)", strings.Join(n, "; "))
		}
	}
	return lines
}
