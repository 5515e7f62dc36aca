package job

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// bar shows how many rows are done; a nil bar shows nothing.
type bar struct {
	*progressbar.ProgressBar
}

// newBar begins a bar, where there is a terminal to draw on and more than one
// batch to wait for.
func newBar(w io.Writer, rows, batch int) *bar {
	if w == nil || rows <= batch {
		return nil
	}
	return &bar{progressbar.NewOptions(rows,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("rows"),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("rows"),
		progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetPredictTime(true),
	)}
}

func (b *bar) set(rows int) {
	if b != nil {
		b.Set(rows) // a terminal that is gone is no reason to stop
	}
}

// stop clears the line.
func (b *bar) stop() {
	if b != nil {
		b.Clear()
	}
}
