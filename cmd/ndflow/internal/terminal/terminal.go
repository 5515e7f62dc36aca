// Package terminal says what a command's output can show.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
	"ndflow/plot"
)

// Of says what w can show: the letters by the locale, and on a terminal its width and
// its colours. NO_COLOR and TERM=dumb are respected; what is no terminal has none.
func Of(w io.Writer) plot.Terminal {
	t := plot.Terminal{Width: 80, Height: 20, Unicode: unicode(os.Getenv)}
	f := file(w)
	if f == nil {
		return t
	}
	if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
		t.Width, t.Height = width, max(8, min(height-8, 40))
	}
	t.Colors = colors(os.Getenv)
	return t
}

// Only is w where that is a terminal, else nil.
func Only(w io.Writer) io.Writer {
	if f := file(w); f != nil {
		return f
	}
	return nil
}

// file is w where that is a terminal, else nil.
func file(w io.Writer) *os.File {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

func unicode(env func(string) string) bool {
	if env("TERM") == "dumb" {
		return false
	}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := env(name); v != "" {
			v = strings.ToLower(v)
			return strings.Contains(v, "utf-8") || strings.Contains(v, "utf8")
		}
	}
	return false
}

func colors(env func(string) string) plot.Colors {
	name := env("TERM")
	switch {
	case env("NO_COLOR") != "" || name == "" || name == "dumb":
		return plot.NoColors
	case env("COLORTERM") == "truecolor" || env("COLORTERM") == "24bit" || strings.HasSuffix(name, "-direct"):
		return plot.TrueColors
	case strings.Contains(name, "256color"):
		return plot.Colors256
	}
	return plot.NoColors
}
