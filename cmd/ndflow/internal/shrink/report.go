package shrink

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"ndflow/npy/quant"
)

// Report is what was done and what it costs. A ratio in dB that is null is that of
// something that lost nothing.
type Report struct {
	Model      string   `json:"model"`
	Out        string   `json:"out"`
	DType      string   `json:"dtype"`
	Scheme     string   `json:"scheme"`
	PerChannel bool     `json:"per_channel"`
	Axis       *int     `json:"axis,omitempty"`
	Range      string   `json:"range"`
	Percentile *float64 `json:"percentile,omitempty"`
	Before     int64    `json:"bytes_before"`
	After      int64    `json:"bytes_after"`
	File       int64    `json:"bytes_file"`        // of the .npz file: with its headers, which small weights feel
	Outputs    []Output `json:"outputs,omitempty"` // with all weights quantized; none without a check
	Each       bool     `json:"each"`              // whether weights were tried one by one
	Worst      []string `json:"worst"`             // the weights that lose the most
	Weights    []Weight `json:"weights"`
	Notes      []string `json:"notes,omitempty"`
}

// Weight is what became of a weight.
type Weight struct {
	Name      string   `json:"name"`
	DType     string   `json:"dtype"`
	Shape     []int    `json:"shape"`
	Before    int64    `json:"bytes_before"`
	After     int64    `json:"bytes_after"`
	Kept      string   `json:"kept,omitempty"` // why it is as it was
	Channels  int      `json:"channels,omitempty"`
	SNR       *float64 `json:"snr_db"`
	MaxError  *float64 `json:"max_error,omitempty"`
	MeanError *float64 `json:"mean_error,omitempty"`
	Saturated *float64 `json:"saturated,omitempty"` // the part outside of the range
	// Of the output that suffers most where this weight alone is quantized.
	OutputSNR   *float64 `json:"output_snr_db,omitempty"`
	OutputError *float64 `json:"output_max_error,omitempty"`
	OutputTop1  *float64 `json:"output_top1,omitempty"`
}

// Output is how far an output is from that of the model as it was. What is of floats
// only is null for others.
type Output struct {
	Name      string   `json:"name"`
	DType     string   `json:"dtype"`
	Elements  int      `json:"elements"`
	MaxError  *float64 `json:"max_error"`
	MeanError *float64 `json:"mean_error"`
	SNR       *float64 `json:"snr_db"`
	Cosine    *float64 `json:"cosine"`
	Top1      *float64 `json:"top1"`  // the part of the rows whose greatest element is the same
	Equal     float64  `json:"equal"` // the part of the elements that are the same
	NotFinite int      `json:"not_finite,omitempty"`
}

func (r *Report) describe(c quant.Config) {
	r.DType, r.Scheme, r.PerChannel, r.Range = "int8", c.Scheme.String(), c.PerChannel, c.Method.String()
	if c.PerChannel {
		r.Axis = &c.Axis
	}
	if c.Method == quant.Percentile {
		r.Percentile = &c.Percent
	}
}

func (w *Weight) set(r quant.Report, q *quant.Array) {
	w.MaxError, w.MeanError, w.Saturated = &r.MaxError, &r.MeanError, &r.Saturated
	w.Channels = len(q.Scale())
	if !math.IsInf(r.SNR, 0) && !math.IsNaN(r.SNR) {
		w.SNR = &r.SNR
	}
}

func (w *Weight) setOutputs(list []Output) {
	for _, o := range list {
		if o.SNR != nil && (w.OutputSNR == nil || *o.SNR < *w.OutputSNR) {
			w.OutputSNR, w.OutputError, w.OutputTop1 = o.SNR, o.MaxError, o.Top1
		}
	}
}

// loss orders weights: what is lost of the outputs where that is known, else of the
// weight itself.
func (w *Weight) loss(each bool) float64 {
	db := w.SNR
	if each {
		db = w.OutputSNR
	}
	if w.Kept != "" || db == nil {
		return math.Inf(1)
	}
	return *db
}

// mostWorst is how many weights are named as those that lose the most.
const mostWorst = 5

func (r *Report) finish() {
	for _, w := range r.Weights {
		r.Before += w.Before
		r.After += w.After
	}
	r.Worst = []string{}
	for _, w := range r.sorted() {
		if len(r.Worst) < mostWorst && !math.IsInf(w.loss(r.Each), 1) {
			r.Worst = append(r.Worst, w.Name)
		}
	}
}

// sorted returns the weights, those that lose the most first.
func (r *Report) sorted() []Weight {
	list := slices.Clone(r.Weights)
	slices.SortStableFunc(list, func(a, b Weight) int { return cmp.Compare(a.loss(r.Each), b.loss(r.Each)) })
	return list
}

// WriteJSON writes the report for machines.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// mostShown is how many weights a table shows.
const mostShown = 20

// Write writes the report for people.
func (r *Report) Write(w io.Writer) error {
	how := r.Scheme + ", "
	if r.PerChannel {
		how += fmt.Sprintf("per channel of axis %d, ", *r.Axis)
	}
	if r.Range == "percentile" {
		how += fmt.Sprintf("range of %v %%", *r.Percentile)
	} else {
		how += "range by " + r.Range
	}
	saved := 100 * (1 - float64(r.After)/float64(max(r.Before, 1)))
	text := fmt.Sprintf("%s: %d weights to int8 (%s)\n%s before, %s after: %.1f %% smaller; %s has %s\n\n%s\n",
		r.Model, r.count(), how, size(r.Before), size(r.After), saved, r.Out, size(r.File), r.weights())
	if n := len(r.Weights) - mostShown; n > 0 {
		text += fmt.Sprintf("and %d more that lose less; --report has all\n", n)
	}
	if len(r.Outputs) > 0 {
		text += "\nwith all of them, against the model as it was\n\n" + r.outputs() + "\n"
	}
	for _, n := range r.Notes {
		text += "\nnote: " + n + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}

func (r *Report) count() int {
	n := 0
	for _, w := range r.Weights {
		if w.Kept == "" {
			n++
		}
	}
	return n
}

func (r *Report) weights() string {
	t := newTable(5)
	head := table.Row{"weight", "dtype", "shape", "before", "after", "SNR", "max error", "saturated"}
	if r.Each {
		head = append(head, "outputs' SNR alone", "max error", "top-1")
	}
	t.AppendHeader(head)
	for i, w := range r.sorted() {
		if i == mostShown {
			break
		}
		row := table.Row{w.Name, w.DType, fmt.Sprint(w.Shape), size(w.Before), size(w.After)}
		if w.Kept != "" {
			row = append(row, "kept", w.Kept, "")
		} else {
			row = append(row, db(w.SNR), digits(w.MaxError), percent(w.Saturated))
		}
		if r.Each {
			if w.Kept != "" {
				row = append(row, "", "", "")
			} else {
				row = append(row, db(w.OutputSNR), digits(w.OutputError), percent(w.OutputTop1))
			}
		}
		t.AppendRow(row)
	}
	return t.Render()
}

func (r *Report) outputs() string {
	t := newTable(3)
	t.AppendHeader(table.Row{"output", "dtype", "elements", "max error", "mean error", "SNR", "cosine", "top-1", "equal"})
	for _, o := range r.Outputs {
		snr := ""
		if o.MaxError != nil {
			snr = db(o.SNR)
		}
		equal := percent(&o.Equal)
		if o.NotFinite > 0 {
			equal += fmt.Sprintf(", %d not finite", o.NotFinite)
		}
		t.AppendRow(table.Row{o.Name, o.DType, o.Elements, digits(o.MaxError), digits(o.MeanError), snr, cosine(o.Cosine), percent(o.Top1), equal})
	}
	return t.Render()
}

// newTable returns a table whose columns are numbers from one on.
func newTable(from int) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	var columns []table.ColumnConfig
	for i := from; i <= 11; i++ {
		columns = append(columns, table.ColumnConfig{Number: i, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	t.SuppressTrailingSpaces()
	return t
}

func db(v *float64) string {
	if v == nil {
		return "exact"
	}
	return fmt.Sprintf("%.1f dB", *v)
}

func digits(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.3g", *v)
}

func cosine(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.6f", *v)
}

func percent(v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf("%.4g %%", 100**v)
}

func size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
