package checkup

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// Write writes the report, with the problems at its end.
func (r *Report) Write(w io.Writer) error {
	p := printer{w: w}
	if r.Library.Path != "" {
		built := ""
		if r.Library.GPU {
			built = ", built for GPUs"
		}
		p.line("library", "TensorFlow %s%s", r.Library.Version, built)
	} else {
		p.line("library", "none")
	}
	for _, a := range r.Library.Looked {
		if a.Error == "" {
			p.line("", "%s (%s)", a.Path, a.Place)
		} else {
			p.line("", "not %s (%s): %s", a.Path, a.Place, strings.TrimPrefix(a.Error, a.Path+": "))
		}
	}
	if r.SelfCheck != "" {
		p.line("self-check", "%s", r.SelfCheck)
		for _, d := range r.Devices {
			memory := ""
			if !strings.HasPrefix(d.Name, "CPU") { // for the CPU it is a number that means nothing
				memory = fmt.Sprintf(", %d MiB", d.Memory>>20)
			}
			p.line("device", "%s%s", d.Name, memory)
		}
	}
	p.line("processor", "%s, %s", r.CPU.Name, cores(r.CPU.Cores))
	if r.CPU.Usable < r.CPU.Cores {
		p.line("", "of which %d can be kept busy, by GOMAXPROCS or the container's quota", r.CPU.Usable)
	}
	p.line("", "with %s", list(r.CPU.Features))
	if len(r.CPU.Missing) > 0 {
		p.line("", "without %s", list(r.CPU.Missing))
	}
	r.GPU.write(&p)
	p.line("placement", "%s", r.Placement)
	p.line("memory", "%s", r.Memory)
	if r.DemoModel.Path != "" {
		p.line("demo model", "%s", r.DemoModel.Path)
	} else {
		p.line("demo model", "none")
	}
	p.printf("\n")
	if len(r.Problems) == 0 {
		p.printf("Nothing is missing.\n")
	}
	if p.err != nil {
		return p.err
	}
	return r.WriteProblems(w)
}

func (g *GPU) write(p *printer) {
	if !g.Present() {
		p.line("GPU", "none")
		return
	}
	for i, d := range g.CUDA.Devices {
		p.line("GPU", "%d: %s, capability %s, %d of %d MiB free", i, d.Name, d.Capability, d.Free>>20, d.Memory>>20)
	}
	if len(g.CUDA.Devices) == 0 {
		p.line("GPU", "none that can be used: %s", g.CUDA.Why)
	}
	if g.CUDA.Library != "" {
		p.line("", "driver for CUDA up to %s, %s", g.CUDA.Version, g.CUDA.Library)
	}
	if g.Kernel != "" || len(g.Files) > 0 {
		p.line("", "kernel driver %s, %s", cmp.Or(g.Kernel, "none"), list(g.Files))
	}
}

// WriteProblems writes the problems only.
func (r *Report) WriteProblems(w io.Writer) error {
	p := printer{w: w}
	for _, problem := range r.Problems {
		word := "note"
		if problem.Fatal {
			word = "missing"
		}
		p.printf("%s: %s\n", word, problem.What)
		if problem.Mend != "" {
			p.printf("  to mend it: %s\n", problem.Mend)
		}
	}
	return p.err
}

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}

func list(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}

// printer remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

// line writes a line under a heading.
func (p *printer) line(heading, format string, args ...any) {
	p.printf("%-12s%s\n", heading, fmt.Sprintf(format, args...))
}
