package plot

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image/png"
	"io"
	"math"
	"strings"

	"ndflow/internal/letters"
)

//go:embed report.html
var reportHTML string

var reportPage = template.Must(template.New("report").Parse(reportHTML))

// row is an array in a report's page.
type row struct {
	Name, DType, Shape          string
	Bytes                       int64
	Size, Mean, Std, Min, Max   string
	MeanOf, StdOf, MinOf, MaxOf string // to be sorted by
	Elements, Zeros, Odd        string
	ZerosOf, OddOf              int64
	Path                        template.HTML // of the bars
	Width                       int
	Zero                        string // where 0 is across, or nothing
	First, Last                 string // edges
	Most                        string // elements in the highest bar
	Picture                     template.URL
	PictureWidth, PictureHeight int
	Problem                     string
}

// barHeight is how high the bars are in their own units.
const barHeight = 20

// WriteHTML writes the report as a page that needs no other file: a table with a line
// for each array, in which a click on a picture makes it large. It can be sorted by its
// columns and searched, and follows the reader's choice of light and dark.
func (r *Report) WriteHTML(w io.Writer) error {
	if len(r.items) == 0 {
		return fmt.Errorf("plot: %w: no arrays", ErrNothing)
	}
	rows := make([]row, len(r.items))
	for i := range r.items {
		var err error
		if rows[i], err = r.row(i); err != nil {
			return err
		}
	}
	b := bufio.NewWriter(w)
	err := reportPage.Execute(b, map[string]any{"Title": r.title, "Summary": r.summary(), "Rows": rows, "Log": r.log})
	if err != nil {
		return err
	}
	return b.Flush()
}

func (r *Report) row(n int) (row, error) {
	i := &r.items[n]
	line := row{
		Name: i.series, DType: i.dtype.String(), Shape: strings.Trim(strings.ReplaceAll(fmt.Sprint(i.shape), " ", " × "), "[]"),
		Bytes: i.bytes, Size: size(i.bytes), Problem: i.problem,
	}
	if line.Shape == "" {
		line.Shape = "scalar"
	}
	b := i.bins
	line.Elements, line.Zeros, line.ZerosOf = letters.Group(b.Elements), letters.Group(b.Zeros), b.Zeros
	if odd := left(b.NaNs, b.Infs); odd != "" {
		line.Odd, line.OddOf = strings.TrimSuffix(odd, " left out"), b.NaNs+b.Infs
	}
	if i.problem != "" {
		return line, nil
	}
	line.Mean, line.Std, line.Min, line.Max = letters.Short(b.Mean), letters.Short(b.Std), letters.Short(b.Min), letters.Short(b.Max)
	line.MeanOf, line.StdOf, line.MinOf, line.MaxOf = key(b.Mean), key(b.Std), key(b.Min), key(b.Max)
	line.Path, line.Width = r.path(b), len(b.Counts)
	lo, hi := b.Edges[0], b.Edges[len(b.Edges)-1]
	if lo <= 0 && hi >= 0 {
		line.Zero = fmt.Sprintf("%.2f", -lo/(hi-lo)*float64(len(b.Counts)))
	}
	line.First, line.Last = binEnds(b)
	var most int64
	for _, c := range b.Counts {
		most = max(most, c)
	}
	line.Most = letters.Group(most)
	if i.picture == nil {
		return line, nil
	}
	var p bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&p, i.picture); err != nil {
		return line, err
	}
	line.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(p.Bytes()))
	line.PictureWidth, line.PictureHeight = i.picture.Rect.Dx(), i.picture.Rect.Dy()
	return line, nil
}

// binEnds are the first and the last edge as people read them.
func binEnds(b Bins) (first, last string) {
	n := len(b.Counts)
	if b.Whole {
		return letters.Short(b.Edges[0] + 0.5), letters.Short(b.Edges[n] - 0.5)
	}
	return edge(b.Edges[0], b), edge(b.Edges[n], b)
}

func key(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return fmt.Sprintf("%g", x)
}

// path is the outline of the bars as SVG has it, each of them one unit wide.
func (r *Report) path(b Bins) template.HTML {
	var s strings.Builder
	fmt.Fprintf(&s, "M0 %d", barHeight)
	last := float64(-1)
	run := 0
	flush := func() {
		if run > 0 {
			fmt.Fprintf(&s, "h%d", run)
		}
		run = 0
	}
	for _, v := range r.heights(b) {
		y := math.Round((barHeight-v*barHeight)*10) / 10
		if v > 0 {
			y = min(y, barHeight-0.3)
		}
		if y != last {
			flush()
			fmt.Fprintf(&s, "V%g", y)
			last = y
		}
		run++
	}
	flush()
	fmt.Fprintf(&s, "V%dz", barHeight)
	return template.HTML(s.String())
}
