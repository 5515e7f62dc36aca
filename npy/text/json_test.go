package text_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"ndflow/internal/arraytest"
	"ndflow/npy"
	"ndflow/npy/text"
)

func of[T npy.Element](tb testing.TB, values []T, shape ...int) *npy.Array {
	tb.Helper()
	if shape == nil {
		shape = []int{len(values)}
	}
	a, err := npy.From(values, shape...)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// same says whether two arrays have the same dtype, shape and elements, NaNs of any
// kind being one.
func same(a, b *npy.Array) bool {
	if a.DType() != b.DType() || !slices.Equal(a.Shape(), b.Shape()) {
		return false
	}
	switch a.DType() {
	case npy.Float32:
		x, _ := npy.Values[float32](a)
		y, _ := npy.Values[float32](b)
		return slices.EqualFunc(x, y, func(x, y float32) bool {
			return math.Float32bits(x) == math.Float32bits(y) || x != x && y != y
		})
	case npy.Float64:
		x, _ := npy.Values[float64](a)
		y, _ := npy.Values[float64](b)
		return slices.EqualFunc(x, y, func(x, y float64) bool {
			return math.Float64bits(x) == math.Float64bits(y) || x != x && y != y
		})
	}
	return arraytest.Same(a, b)
}

// samples has arrays of all dtypes that text can hold, with the extremes of each.
func samples(tb testing.TB) map[string]*npy.Array {
	nan, inf := math.NaN(), math.Inf(1)
	return map[string]*npy.Array{
		"float64":         of(tb, []float64{0, math.Copysign(0, -1), 1, -2.5, 0.1, 1e-5, 1e16, 123456789012, 1 << 53, math.MaxFloat64, math.SmallestNonzeroFloat64, nan, inf, -inf}, 7, 2),
		"float32":         of(tb, []float32{0, 0.1, 16777216, 1e10, math.MaxFloat32, math.SmallestNonzeroFloat32, 1.1754944e-38, float32(nan), float32(inf), float32(-inf)}, 2, 5),
		"float16":         of(tb, []npy.F16{0, 1, 0x3555, 0x7bff, 0xfbff, 0x7c00}),
		"bfloat16":        of(tb, []npy.BF16{0, 1, 0x3f80, 0x7f7f, 0xff80}),
		"int8":            of(tb, []int8{-128, 0, 127}, 3, 1),
		"int16":           of(tb, []int16{-32768, 32767}),
		"int32":           of(tb, []int32{math.MinInt32, math.MaxInt32}),
		"int64":           of(tb, []int64{math.MinInt64, -1, 0, math.MaxInt64}, 2, 2),
		"uint8":           of(tb, []uint8{0, 255}),
		"uint16":          of(tb, []uint16{0, 65535}),
		"uint32":          of(tb, []uint32{0, math.MaxUint32}),
		"uint64":          of(tb, []uint64{0, 1 << 63, math.MaxUint64}),
		"int4":            of(tb, []npy.I4{-8, 7}),
		"uint4":           of(tb, []npy.U4{0, 15}),
		"bool":            of(tb, []bool{true, false, true}),
		"string":          of(tb, []string{"", "a", `"quoted"`, "a,b", "two\nlines", "tab\t\r\\", "ünï\u2028\x00\x1f", "NaN", "1", "😀"}),
		"0-d":             npy.Scalar(3.5),
		"empty":           of(tb, []float64{}, 0),
		"rows of nothing": of(tb, []float64{}, 3, 0),
		"3-d":             of(tb, []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 3, 2),
	}
}

func TestJSONReadsBackEqual(t *testing.T) {
	for name, a := range samples(t) {
		for _, how := range []text.NonFiniteAs{text.Tokens, text.Strings} {
			b, err := text.AppendJSON(nil, a, text.NonFinite(how))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			back, err := text.ParseJSON(b, text.As(a.DType()))
			if err != nil || !same(a, back) {
				t.Errorf("%s: have %v, %v\nof %s", name, back, err, b)
			}
			var w bytes.Buffer
			if err := text.WriteJSON(&w, a, text.NonFinite(how)); err != nil || !bytes.Equal(w.Bytes(), b) {
				t.Errorf("%s: WriteJSON: have %s, %v, want %s", name, w.Bytes(), err, b)
			}
			names, arrays, err := text.ReadJSON(iotest.OneByteReader(bytes.NewReader(b)), text.As(a.DType()))
			if err != nil || names != nil || !same(a, arrays[0]) {
				t.Errorf("%s: ReadJSON byte by byte: have %v, %v", name, arrays, err)
			}
		}
	}
}

func TestJSONFindsOutTheDType(t *testing.T) {
	for _, name := range []string{"float64", "int64", "uint64", "bool", "string", "0-d", "empty", "rows of nothing", "3-d"} {
		a := samples(t)[name]
		for _, how := range []text.NonFiniteAs{text.Tokens, text.Strings} {
			b, err := text.AppendJSON(nil, a, text.NonFinite(how))
			if err != nil {
				t.Fatal(err)
			}
			if back, err := text.ParseJSON(b); err != nil || !same(a, back) {
				t.Errorf("%s: have %v, %v, of %s", name, back, err, b)
			}
		}
	}
	for _, c := range []struct {
		json, want string
		dtype      npy.DType
	}{
		{"[1, 2.5]", "[1.  2.5]", npy.Float64},
		{"[9007199254740993]", "[9007199254740993]", npy.Int64},
		{"[9223372036854775808, 1]", "[9223372036854775808                   1]", npy.Uint64},
		{"[1, 18446744073709551615, 0.5]", "[1.00000000e+00 1.84467441e+19 5.00000000e-01]", npy.Float64},
		{"[1, null]", "[ 1. nan]", npy.Float64},
		{"[1, NaN]", "[ 1. nan]", npy.Float64},
		{`["NaN", 1, "-Infinity"]`, "[ nan   1. -inf]", npy.Float64},
		{`["NaN", "x", "Infinity"]`, "['NaN' 'x' 'Infinity']", npy.String},
		{`["NaN"]`, "['NaN']", npy.String},
		{"[null]", "[nan]", npy.Float64},
		{" 7 ", "7", npy.Int64},
		{"-0", "0", npy.Int64},
		{"1e2", "100.0", npy.Float64},
		{"[[],[]]", "[]", npy.Float64},
		{`"a\u00e9\ud83d\ude00\/"`, "aé😀/", npy.String},
	} {
		a, err := text.ParseJSON([]byte(c.json))
		if err != nil || a.DType() != c.dtype || a.String() != c.want {
			t.Errorf("%s: have %v, %v, want %s", c.json, a, err, c.want)
		}
	}
}

func TestJSONIsJSON(t *testing.T) {
	for name, a := range samples(t) {
		for _, how := range []text.NonFiniteAs{text.Null, text.Strings} {
			b, err := text.AppendJSON(nil, a, text.NonFinite(how))
			if err != nil || !json.Valid(b) {
				t.Errorf("%s: have %s, %v, want strict JSON", name, b, err)
			}
		}
	}
	var back []string
	a := samples(t)["string"]
	b, _ := text.AppendJSON(nil, a)
	want, _ := npy.Values[string](a)
	if err := json.Unmarshal(b, &back); err != nil || !slices.Equal(back, want) {
		t.Errorf("have %q, %v, want %q", back, err, want)
	}
}

func TestJSONHasTheFewestDigits(t *testing.T) {
	for _, c := range []struct {
		a    *npy.Array
		want string
	}{
		{of(t, []float32{0.1, 1.0 / 3, 1e-5, 123456.79, 1e21, -2, 0.0001}), "[0.1,0.33333334,1e-05,123456.79,1e+21,-2.0,0.0001]"},
		{of(t, []float64{0.1, 1.0 / 3, 1e15, 1e16, 33554433}), "[0.1,0.3333333333333333,1000000000000000.0,1e+16,33554433.0]"},
		{of(t, []npy.F16{0x2e66}), "[0.099975586]"},
		{of(t, []bool{true, false}, 2, 1), "[[true],[false]]"},
	} {
		if b, err := text.AppendJSON(nil, c.a); err != nil || string(b) != c.want {
			t.Errorf("have %s, %v, want %s", b, err, c.want)
		}
	}
}

// TestJSONNumbersAreTheNearest compares with the library's own conversion, which is
// right, on numbers that are hard to round.
func TestJSONNumbersAreTheNearest(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var words []string
	for range 20_000 {
		f := math.Float32frombits(r.Uint32())
		mid := (float64(f) + float64(math.Nextafter32(f, 2*f))) / 2
		if f-f != 0 || mid-mid != 0 || math.Abs(mid) > math.MaxFloat32 {
			continue
		}
		words = append(words, fmt.Sprintf("%.*e", r.IntN(25), f), fmt.Sprintf("%.*g", 1+r.IntN(30), mid),
			fmt.Sprintf("%d.%de%d", r.Uint32(), r.Uint32(), r.IntN(40)-30))
	}
	list := "[" + strings.Join(words, ",") + "]"
	var want32 []float32
	var want64 []float64
	if err := errors.Join(json.Unmarshal([]byte(list), &want32), json.Unmarshal([]byte(list), &want64)); err != nil {
		t.Fatal(err)
	}
	have32, err := text.ParseJSON([]byte(list), text.As(npy.Float32))
	if err != nil || !same(have32, of(t, want32)) {
		t.Errorf("float32, seed %d: differs, %v", seed, err)
	}
	have64, err := text.ParseJSON([]byte(list), text.As(npy.Float64))
	if err != nil || !same(have64, of(t, want64)) {
		t.Errorf("float64, seed %d: differs, %v", seed, err)
	}
}

var badJSON = []struct {
	name, json string
	as         npy.DType
	words      string
}{
	{"empty", "", 0, "line 1, column 1: the text ends"},
	{"ragged", "[[1, 2],\n [3]]", 0, "line 2, column 4: shape does not fit: a list of length 1 ends, want 2"},
	{"a list too deep", "[1, [2]]", 0, "line 1, column 5: have a list, want one value"},
	{"a list not deep enough", "[[1], 2]", 0, `line 1, column 7: have "2" where lists are in each other 2 deep`},
	{"an empty list among lists", "[[[1]], []]", 0, "a list of length 0 ends, want 1"},
	{"behind the end", "[1]\n]", 0, `line 2, column 1: have "]" behind the end`},
	{"two arrays", "[1] [2]", 0, `have "[2" behind the end`},
	{"cut", "[1, 2", 0, "the text ends, want a comma or ]"},
	{"cut in a number", "[1, -", 0, "the text ends in the number"},
	{"cut in a string", `["ab`, 0, "a string with no end"},
	{"a comma too many", "[1,]", 0, "column 4: have \"]\", want a value after the comma"},
	{"a comma too few", "[1 2]", 0, "column 4: have \"2\", want a comma or ]"},
	{"zeros in front", "[01]", 0, "column 2: have \"01\", which is no number in JSON"},
	{"a point alone", "[1.]", 0, "no number"},
	{"a word", "[nil]", 0, `column 2: have "nil"`},
	{"a longer word", "[nullx]", 0, `column 2: have "nullx"`},
	{"numbers and text", "[1,\n\"a\"]", 0, `line 2, column 1: have text "a", want a number`},
	{"text and numbers", `["a", 1]`, 0, "column 7: have the number 1, want text"},
	{"bools and numbers", "[true, 1]", 0, "want true or false"},
	{"numbers and bools", "[1, true]", 0, "want a number"},
	{"text and null", `["a", null]`, 0, "want text"},
	{"too large for an integer", "[18446744073709551616]", 0, "does not fit int64 or uint64"},
	{"too small for an integer", "[-9223372036854775809]", 0, "does not fit int64"},
	{"no integer holds both", "[-1, 9223372036854775808]", 0, "does not fit one integer dtype"},
	{"too large", "[1e309]", 0, "1e309 does not fit float64"},
	{"too large for float32", "[1e39]", npy.Float32, "1e39 does not fit float32"},
	{"too large for float16", "[65520]", npy.Float16, "65520 does not fit float16"},
	{"too large for int8", "[128]", npy.Int8, "128 does not fit int8"},
	{"below 0", "[-1]", npy.Uint8, "-1 does not fit uint8"},
	{"no integer", "[1.5]", npy.Int32, "1.5 does not fit int32"},
	{"null for an integer", "[null]", npy.Int32, "int32 has none"},
	{"complex", "[1]", npy.Complex64, "cannot read text as complex64"},
	{"a control character", "[\"a\nb\"]", 0, "want it escaped"},
	{"a bad escape", `["\x41"]`, 0, `have \x in a string`},
	{"a cut escape", `["\u12"]`, 0, "hexadecimal"},
	{"half a pair", `["\ud83d"]`, 0, "surrogate"},
	{"not UTF-8", "[\"\xff\"]", 0, "not UTF-8"},
	{"an object in a list", `[{"a": 1}]`, 0, "have an object"},
	{"NUL", "[1]\x00", 0, "behind the end"},
	{"a name that is no string", `{1: 2}`, 0, "want a name in quotes"},
	{"no colon", `{"a" 2}`, 0, "want a colon"},
	{"the same name", `{"a": 1, "a": 2}`, 0, `"a" is there twice`},
	{"an object cut", `{"a": 1`, 0, "want a comma or }"},
	{"too deep", strings.Repeat("[", 65), 0, "more than 64 deep"},
	{"very deep", strings.Repeat("[", 1_000_000), 0, "more than 64 deep"},
	{"deep objects", strings.Repeat(`{"a":`, 1_000_000), 0, "have an object"},
}

func TestBadJSONIsAnErrorThatSaysWhere(t *testing.T) {
	for _, c := range badJSON {
		_, _, err := text.ReadJSON(strings.NewReader(c.json), text.As(c.as))
		if err == nil || !strings.Contains(err.Error(), c.words) || !strings.HasPrefix(err.Error(), "text: ") {
			t.Errorf("%s: have %v, want %q in it", c.name, err, c.words)
		}
		want := npy.ErrFormat
		if c.as == npy.Complex64 {
			want = npy.ErrDType
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v is no %v", c.name, err, want)
		}
		_, _, small := text.ReadJSON(iotest.HalfReader(strings.NewReader(c.json)), text.As(c.as))
		if small == nil || len(c.json) < 1000 && small.Error() != err.Error() {
			t.Errorf("%s: in small pieces: have %v, want %v", c.name, small, err)
		}
	}
}

func TestJSONRefusesWhatItCannotHold(t *testing.T) {
	for name, a := range map[string]*npy.Array{
		"complex":   of(t, []complex64{1i}),
		"not UTF-8": of(t, []string{"ok", "\xff"}),
		"nil":       nil,
	} {
		if b, err := text.AppendJSON([]byte("before"), a); err == nil || string(b) != "before" {
			t.Errorf("%s: have %s, %v, want an error and what was there", name, b, err)
		} else if a != nil && !errors.Is(err, npy.ErrDType) {
			t.Errorf("%s: %v is no ErrDType", name, err)
		}
		if err := text.WriteJSON(io.Discard, a); err == nil {
			t.Errorf("%s: was written", name)
		}
	}
	boom := errors.New("boom")
	big := of(t, make([]float64, 100_000))
	if err := text.WriteJSON(brokenWriter{boom}, big); !errors.Is(err, boom) {
		t.Errorf("have %v, want the writer's error", err)
	}
	if _, _, err := text.ReadJSON(iotest.ErrReader(boom)); !errors.Is(err, boom) {
		t.Errorf("have %v, want the reader's error", err)
	}
	if _, _, err := text.ReadJSON(io.MultiReader(strings.NewReader("[1, 2"), iotest.ErrReader(boom))); !errors.Is(err, boom) {
		t.Errorf("have %v, want the reader's error", err)
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestJSONObjects(t *testing.T) {
	names := []string{"x", "käse\n", "s"}
	arrays := []*npy.Array{of(t, []int64{1, 2, 3, 4}, 2, 2), npy.Scalar(0.5), of(t, []string{"a"})}
	b, err := text.AppendJSONObject(nil, names, arrays)
	if want := `{"x":[[1,2],[3,4]],"käse\n":0.5,"s":["a"]}`; err != nil || string(b) != want {
		t.Fatalf("have %s, %v, want %s", b, err, want)
	}
	var w bytes.Buffer
	if err := text.WriteJSONObject(&w, names, arrays); err != nil || !bytes.Equal(w.Bytes(), b) {
		t.Errorf("have %s, %v", w.Bytes(), err)
	}
	haveNames, have, err := text.ParseJSONObject(b)
	if err != nil || !slices.Equal(haveNames, names) {
		t.Fatalf("have %q, %v", haveNames, err)
	}
	for i := range have {
		if !same(have[i], arrays[i]) {
			t.Errorf("%q: have %v, want %v", names[i], have[i], arrays[i])
		}
	}
	haveNames, have, err = text.ParseJSONObject(b, text.Columns("s", "x"), text.Types(map[string]npy.DType{"x": npy.Float32}))
	if err != nil || !slices.Equal(haveNames, []string{"s", "x"}) || have[1].DType() != npy.Float32 {
		t.Errorf("have %q, %v, %v", haveNames, have, err)
	}
	if _, _, err := text.ParseJSONObject(b, text.Columns("y")); err == nil || !strings.Contains(err.Error(), `no array "y"`) {
		t.Errorf("have %v", err)
	}
	if _, err := text.ParseJSON(b); err == nil {
		t.Error("an object was one array")
	}
	if _, _, err := text.ParseJSONObject([]byte("[1]")); err == nil {
		t.Error("one array was an object")
	}
	if names, arrays, err := text.ReadJSON(strings.NewReader("{}")); err != nil || names == nil || len(arrays) != 0 {
		t.Errorf("{}: have %v, %v, %v", names, arrays, err)
	}
	if _, err := text.AppendJSONObject(nil, []string{"a", "a"}, arrays[:2]); err == nil {
		t.Error("one name was given to two arrays")
	}
}

func TestAppendJSONMakesNoGarbage(t *testing.T) {
	a := of(t, make([]float32, 4000), 1000, 4)
	buf := make([]byte, 0, 1<<20)
	if n := testing.AllocsPerRun(20, func() {
		var err error
		if buf, err = text.AppendJSON(buf[:0], a); err != nil {
			t.Fatal(err)
		}
	}); n > 8 {
		t.Errorf("have %v allocations for 1000 rows, want a few", n)
	}
}
