package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/filetest"
	"ndflow/npy"
	"ndflow/npy/quant"
	"ndflow/ops"
)

// quantizeReport is what the tests read of the report.
type quantizeReport struct {
	Before  int64 `json:"bytes_before"`
	After   int64 `json:"bytes_after"`
	Each    bool
	Worst   []string
	Outputs []struct {
		Name, DType  string
		MaxError     *float64 `json:"max_error"`
		MeanError    *float64 `json:"mean_error"`
		Cosine, Top1 *float64
		SNR          *float64 `json:"snr_db"`
		Equal        float64
	}
	Weights []struct {
		Name      string
		Kept      string
		Channels  int
		SNR       *float64 `json:"snr_db"`
		OutputSNR *float64 `json:"output_snr_db"`
	}
	Notes []string
}

func readQuantizeReport(t *testing.T, path string) quantizeReport {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r quantizeReport
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestQuantize reads the weights back, runs the model with them, and compares with
// what the report says.
func TestQuantize(t *testing.T) {
	for _, c := range []struct {
		model, input, file, output string
		args                       string
		kept                       []string
	}{
		{"mlp", "x", "in_x.npy", "probs", "", nil},
		{"mlp", "x", "in_x.npy", "probs", "--per-channel --scheme affine --range mse --keep w2|b1", []string{"b1", "w2"}},
		{"mlp", "x", "in_x.npy", "probs", "--batch 3 --each never --range percentile --percentile 90", nil},
		{"keras", "inputs", "in_inputs.npy", "output_0", "--per-channel --each always --axis 0", nil},
		{"v1", "x", "in_x.npy", "y", "", []string{"limit"}}, // a single number
	} {
		t.Run(c.model+" "+c.args, func(t *testing.T) {
			dir := t.TempDir()
			in := load(t, fixture(c.model, "expected", c.file))
			archive(t, filepath.Join(dir, "data.npz"), map[string]*npy.Array{c.input: in})
			args := append([]string{"quantize", fixture(c.model), "-o", "w.npz", "--check", "data.npz", "--report", "report.json"}, strings.Fields(c.args)...)
			r := ok(t, dir, args...)
			report := readQuantizeReport(t, "report.json")
			filetest.Only(t, dir, "data.npz", "report.json", "w.npz")

			m, err := eager.Load(fixture(c.model))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			feeds := graph.Feeds{c.input: in}
			want, err := m.Run(context.Background(), feeds)
			if err != nil {
				t.Fatal(err)
			}
			f, err := quant.Open("w.npz")
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var names, kept []string
			for _, v := range m.Variables() {
				names = append(names, v.Name)
				a, err := f.Read(v.Name)
				if err != nil {
					t.Fatal(err)
				}
				old, err := m.Value(v.Name)
				if err != nil {
					t.Fatal(err)
				}
				if !f.Quantized(v.Name) {
					kept = append(kept, v.Name)
					same(t, v.Name, a, old)
				}
				if err := m.Assign(v.Name, a); err != nil {
					t.Fatal(err)
				}
			}
			if have := slices.Sorted(slices.Values(f.Names())); !slices.Equal(have, names) || !slices.Equal(kept, c.kept) {
				t.Errorf("have %q, of them %q are kept; want %q and %q", have, kept, names, c.kept)
			}
			have, err := m.Run(context.Background(), feeds)
			if err != nil {
				t.Fatal(err)
			}
			x, _ := npy.Values[float32](have[c.output])
			y, _ := npy.Values[float32](want[c.output])
			most, total := 0.0, 0.0
			for i := range x {
				e := math.Abs(float64(x[i]) - float64(y[i]))
				most, total = max(most, e), total+e
			}
			o := report.Outputs[0]
			if len(report.Outputs) != 1 || o.Name != c.output || math.Abs(*o.MaxError-most) > 1e-6 || math.Abs(*o.MeanError-total/float64(len(x))) > 1e-6 {
				t.Errorf("have %+v with errors %v, %v; want %s with %v, %v", o, *o.MaxError, *o.MeanError, c.output, most, total/float64(len(x)))
			}
			if o.Cosine == nil || *o.Cosine < 0.98 || *o.Cosine > 1.000001 || most > 0 && (o.SNR == nil || *o.SNR < 15) {
				t.Errorf("have %+v", o)
			}
			if len(report.Weights) != len(names) || c.model == "mlp" && (len(report.Worst) == 0 || report.After >= report.Before) {
				t.Errorf("have %+v", report)
			}
			each := !strings.Contains(c.args, "never")
			if report.Each != each {
				t.Errorf("each weight alone: have %v, want %v", report.Each, each)
			}
			for _, w := range report.Weights {
				if !strings.Contains(r.stdout, w.Name) {
					t.Errorf("no %s in\n%s", w.Name, r.stdout)
				}
				if (w.Kept != "") != slices.Contains(c.kept, w.Name) {
					t.Errorf("%s: kept is %q", w.Name, w.Kept)
				}
			}
			for _, word := range []string{"smaller", "weight", c.output} {
				if !strings.Contains(r.stdout, word) {
					t.Errorf("no %q in\n%s", word, r.stdout)
				}
			}
		})
	}
}

// TestQuantizeBatches checks the same in batches and at once.
func TestQuantizeBatches(t *testing.T) {
	dir := t.TempDir()
	in := fixture("mlp", "expected", "in_x.npy")
	var reports []quantizeReport
	for _, batch := range []string{"1", "3", "7", "1000"} {
		ok(t, dir, "quantize", fixture("mlp"), "-o", "w.npz", "--check", in, "--report", "r.json", "--batch", batch, "--force")
		reports = append(reports, readQuantizeReport(t, "r.json"))
	}
	ok(t, dir, "quantize", fixture("mlp"), "-o", "w.npz", "--check", in, "--report", "r.json", "--force")
	want := readQuantizeReport(t, "r.json")
	for i, r := range reports {
		for k, pair := range [][2]*float64{
			{r.Outputs[0].MaxError, want.Outputs[0].MaxError}, {r.Outputs[0].MeanError, want.Outputs[0].MeanError},
			{r.Outputs[0].Cosine, want.Outputs[0].Cosine}, {r.Outputs[0].Top1, want.Outputs[0].Top1},
		} {
			if math.Abs(*pair[0]-*pair[1]) > 1e-6 {
				t.Errorf("batches %d, figure %d: have %v, want %v", i, k, *pair[0], *pair[1])
			}
		}
	}
}

// TestQuantizeNamesTheWorst looks at the order in which weights are named.
func TestQuantizeNamesTheWorst(t *testing.T) {
	dir := t.TempDir()
	ok(t, dir, "quantize", fixture("keras"), "-o", "w.npz", "--check", fixture("keras", "expected", "in_inputs.npy"), "--report", "r.json")
	r := readQuantizeReport(t, "r.json")
	snr := map[string]float64{}
	for _, w := range r.Weights {
		if w.OutputSNR != nil {
			snr[w.Name] = *w.OutputSNR
		}
	}
	for i, name := range r.Worst[1:] {
		if snr[r.Worst[i]] > snr[name] {
			t.Errorf("%s (%v dB) stands before %s (%v dB)", r.Worst[i], snr[r.Worst[i]], name, snr[name])
		}
	}
	if len(r.Worst) != 5 || len(snr) < 5 {
		t.Errorf("have %q of %v", r.Worst, snr)
	}
	for name, db := range snr {
		if db < snr[r.Worst[0]] {
			t.Errorf("%s (%v dB) is worse than %s (%v dB)", name, db, r.Worst[0], snr[r.Worst[0]])
		}
	}
}

// withElement returns a copy of mlp whose w1 has a certain element, written by
// TensorFlow's own ops.
func withElement(t *testing.T, at int, x float32) string {
	t.Helper()
	dir := copyOf(t, "mlp")
	c, err := eager.New()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tensor := func(a *npy.Array) *eager.Tensor {
		x, err := c.Tensor(a)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(x.Close)
		return x
	}
	run := func(o *eager.Op) []*eager.Tensor {
		defer o.Close()
		out, err := o.Run()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range out {
			t.Cleanup(x.Close)
		}
		return out
	}
	const value = "/.ATTRIBUTES/VARIABLE_VALUE"
	prefix := tensor(npy.Scalar(filepath.Join(dir, "variables", "variables")))
	names := tensor(vector(t, "w1"+value, "w2"+value, "b1"+value, "b2"+value, "_CHECKPOINTABLE_OBJECT_GRAPH"))
	whole := tensor(vector(t, "", "", "", "", ""))
	all := run(c.Op("RestoreV2").Input(prefix, names, whole).
		Attr(ops.Types("dtypes", npy.Float32, npy.Float32, npy.Float32, npy.Float32, npy.String)))
	w1, err := all[0].Copy()
	if err != nil {
		t.Fatal(err)
	}
	v, _ := npy.Values[float32](w1)
	v[at] = x
	all[0] = tensor(w1)
	run(c.Op("SaveV2").Input(prefix, names, whole).InputList(all...))
	return dir
}

func vector(t *testing.T, v ...string) *npy.Array {
	t.Helper()
	a, err := npy.From(v)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestQuantizeBadInput(t *testing.T) {
	in := fixture("mlp", "expected", "in_x.npy")
	bad := t.TempDir()
	x := load(t, in)
	ints, err := npy.New(npy.Int32, 7, 16)
	if err != nil {
		t.Fatal(err)
	}
	narrow, err := npy.New(npy.Float32, 7, 15)
	if err != nil {
		t.Fatal(err)
	}
	for name, arrays := range map[string]map[string]*npy.Array{
		"name": {"z": x}, "more": {"x": x, "y": x}, "none": {}, "ints": {"x": ints}, "narrow": {"x": narrow},
	} {
		archive(t, filepath.Join(bad, name+".npz"), arrays)
	}
	save(t, filepath.Join(bad, "negative.npy"), []float32{-1, -2})
	for name, c := range map[string]struct {
		model, args string
		words       []string
	}{
		"a NaN":               {withElement(t, 100, float32(math.NaN())), "", []string{"weight w1", "not a finite number", "element 100 of 128 is NaN", "--keep '^w1$'"}},
		"an infinity":         {withElement(t, 5, float32(math.Inf(-1))), "--range mse --per-channel", []string{"weight w1", "element 5 of 128 is -Inf"}},
		"no float weights":    {fixture("counter"), "", []string{"none of the weights is of floats", "int64"}},
		"no weights":          {fixture("add"), "", []string{"no variables"}},
		"no model":            {"nope", "", []string{"nope", "no model"}},
		"keep nothing":        {fixture("mlp"), "--keep nope", []string{"--keep nope matches no weight", "w1 (float32 [16 8])"}},
		"axis":                {fixture("mlp"), "--per-channel --axis 2", []string{"weight w1", "no axis 2"}},
		"out exists":          {fixture("mlp"), "-o there.npz", []string{"there.npz is there already", "--force"}},
		"report exists":       {fixture("mlp"), "--report there.npz", []string{"there.npz is there already"}},
		"no folder":           {fixture("mlp"), "-o nope/w.npz", []string{"write nope/w.npz", "no such file"}},
		"report no folder":    {fixture("mlp"), "--report nope/r.json", []string{"write nope/r.json"}},
		"both in one":         {fixture("mlp"), "-o a.npz --report ./a.npz", []string{"both"}},
		"full disk":           {fixture("mlp"), "-o full.npz --force", []string{"full.npz", "no space left"}},
		"no check file":       {fixture("mlp"), "--check nope.npz", []string{"nope.npz", "no such file"}},
		"no archive":          {fixture("mlp"), "--check there.npz", []string{"there.npz", "not a valid file"}},
		"unknown input":       {fixture("mlp"), "--check %/name.npz", []string{`has no input "z"`, `"x" (float32 [-1 16])`}},
		"more inputs":         {fixture("mlp"), "--check %/more.npz", []string{`has no input "y"`}},
		"missing input":       {fixture("mlp"), "--check %/none.npz", []string{`no array "x"`, "float32 [-1 16]"}},
		"ints to check":       {fixture("mlp"), "--check %/ints.npz", []string{`input "x"`, "have int32 [7 16], want float32 [-1 16]"}},
		"narrow check":        {fixture("mlp"), "--check %/narrow.npz", []string{"have float32 [7 15], want float32 [-1 16]"}},
		"which input":         {fixture("signatures"), "--check there.npz", []string{"no variables"}},
		"unknown signature":   {fixture("mlp"), "-s nope --check %/narrow.npz", []string{`no signature "nope"`}},
		"unknown tags":        {fixture("mlp"), "--tags nope", []string{`no tag set "nope"`}},
		"a model of no rows":  {fixture("keras"), "--check %/negative.npy", []string{`input "inputs"`, "have float32 [2], want float32 [-1 4]"}},
		"archive of one more": {fixture("keras_tables"), "--check %/negative.npy", []string{`input "word"`, "want string [-1]"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "there.npz"), []byte("text"), 0o666); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/dev/full", filepath.Join(dir, "full.npz")); err != nil {
				t.Fatal(err)
			}
			args := []string{"quantize", c.model}
			if !strings.Contains(c.args, "-o ") {
				args = append(args, "-o", "w.npz")
			}
			args = append(args, line(c.args, "%", bad)...)
			checkFailure(t, inside(t, dir, args...), exitFailure, c.words...)
			filetest.Only(t, dir, "full.npz", "there.npz")
		})
	}
}

func TestQuantizeUsage(t *testing.T) {
	for args, words := range map[string][]string{
		"quantize":                                     {"MODEL is missing"},
		"quantize m":                                   {"--out is missing"},
		"quantize m -o w.npy":                          {"--out w.npy", ".npz"},
		"quantize m -o w.npz --check x.csv":            {"--check x.csv"},
		"quantize m -o w.npz --scheme odd":             {`--scheme: no scheme "odd"`, "symmetric, affine"},
		"quantize m -o w.npz --range odd":              {`--range: no method "odd"`, "minmax, percentile, mse"},
		"quantize m -o w.npz --percentile 99":          {"--percentile needs --range percentile"},
		"quantize m -o w.npz --percentile 101":         {"--percentile 101"},
		"quantize m -o w.npz --axis 1":                 {"--axis needs --per-channel"},
		"quantize m -o w.npz --batch 1":                {"--batch needs --check"},
		"quantize m -o w.npz --check x.npz --batch=-1": {"--batch -1"},
		"quantize m -o w.npz --check x.npz --each odd": {"--each odd", "auto, always or never"},
		"quantize m -o w.npz --keep (":                 {"--keep", "missing closing )"},
	} {
		t.Run(args, func(t *testing.T) {
			checkFailure(t, inside(t, t.TempDir(), strings.Fields(args)...), exitUsage, words...)
		})
	}
}
