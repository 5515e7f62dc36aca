package bench

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// WriteMarkdown writes the report as a document. pictures is the folder of the
// plots that WriteSVG has written, as a link from the document; empty if there are
// none. There are no paths of the machine in it.
func (r *Report) WriteMarkdown(w io.Writer, pictures string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWhat getting data into and out of TensorFlow costs, each way, as `%s` has measured it. "+
		"Ratios carry over to other machines better than times do.\n\n```\n%s\n```\n", r.Command, strings.Join(r.about(false), "\n"))
	for _, warning := range r.warnings() {
		fmt.Fprintf(&b, "\n**%s**\n", capital(warning))
	}
	fmt.Fprintf(&b, "\n%s\n", r.claims().RenderMarkdown())
	for _, s := range r.Scenarios {
		fmt.Fprintf(&b, "\n## %s\n\n%s (`ndflow bench %s`)\n", s.Title, s.Work, s.Name)
		if s.Error != "" {
			fmt.Fprintf(&b, "\n**Failed:** %s\n", s.Error)
			continue
		}
		if pictures != "" && s.Plottable() {
			fmt.Fprintf(&b, "\n![%s: time per %s](%s)\n", s.Title, s.Unit, filepath.ToSlash(filepath.Join(pictures, s.Name+".svg")))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(&b, "\n- Claim: %s\n- Measured: %s\n- Verdict: %s\n", f.Claim, f.Measured, f.Verdict)
		}
		fmt.Fprintf(&b, "\n<details><summary>All timings</summary>\n\n%s\n\n</details>\n", s.timings().RenderMarkdown())
		for _, note := range s.notes() {
			fmt.Fprintf(&b, "\n%s\n", capital(note))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
