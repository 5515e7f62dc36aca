// Package progress shows on a terminal how far a long piece of work is.
package progress

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Bar is a line that shows how much is done; a nil Bar shows nothing.
type Bar struct {
	bar *progressbar.ProgressBar
}

// Rows begins a bar that counts rows, where there is a terminal to draw on and
// more than one batch to wait for.
func Rows(w io.Writer, rows, batch int) *Bar {
	if w == nil || rows <= batch {
		return nil
	}
	return begin(w, rows,
		progressbar.OptionSetDescription("rows"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("rows"))
}

// parts is how finely a bar of parts moves.
const parts = 1000

// Parts begins a bar for work that is known in parts of the whole, where there is
// a terminal to draw on.
func Parts(w io.Writer) *Bar {
	if w == nil {
		return nil
	}
	return begin(w, parts)
}

func begin(w io.Writer, most int, opts ...progressbar.Option) *Bar {
	return &Bar{progressbar.NewOptions(most, append(opts,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetPredictTime(true),
	)...)}
}

// Set says how many rows are done.
func (b *Bar) Set(rows int) {
	if b != nil {
		b.bar.Set(rows) // a terminal that is gone is no reason to stop
	}
}

// SetPart says which part of all is done, 0 to 1, and what is being done.
func (b *Bar) SetPart(part float64, doing string) {
	if b != nil {
		b.bar.Describe(doing)
		b.bar.Set(int(part * parts))
	}
}

// Stop clears the line.
func (b *Bar) Stop() {
	if b != nil {
		b.bar.Clear()
	}
}
