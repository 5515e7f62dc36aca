package ops_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndflow/eager"
	"ndflow/graph"
	"ndflow/internal/arraytest"
	"ndflow/npy"
	"ndflow/ops"
	"ndflow/ops/array"
	"ndflow/ops/audio"
	"ndflow/ops/batch"
	"ndflow/ops/bitwise"
	"ndflow/ops/boostedtrees"
	"ndflow/ops/clustering"
	"ndflow/ops/controlflow"
	"ndflow/ops/data"
	"ndflow/ops/dataflow"
	"ndflow/ops/distribute"
	"ndflow/ops/functional"
	"ndflow/ops/image"
	"ndflow/ops/io"
	"ndflow/ops/linalg"
	"ndflow/ops/list"
	"ndflow/ops/logging"
	"ndflow/ops/lookup"
	tfmath "ndflow/ops/math"
	"ndflow/ops/misc"
	"ndflow/ops/nn"
	"ndflow/ops/parsing"
	"ndflow/ops/quantize"
	"ndflow/ops/ragged"
	"ndflow/ops/random"
	"ndflow/ops/risc"
	"ndflow/ops/sets"
	"ndflow/ops/sparse"
	"ndflow/ops/spectral"
	"ndflow/ops/state"
	tfstrings "ndflow/ops/strings"
	"ndflow/ops/tpu"
	"ndflow/ops/training"
	"ndflow/ops/xla"
)

// wrapperCase is a use of wrappers that runs at once and in a graph alike.
type wrapperCase[T any] struct {
	name  string
	in    []*npy.Array // a, b, c... for NumPy
	build func(s *ops.Scope[T], in []T) []T
	want  []string // what NumPy makes of a, b, c...; nil where it has no such thing
	near  float64  // how far a result may be from NumPy's, relative to 1 + its size
}

// arr makes an array of one or more dimensions.
func arr[E npy.Element](shape []int, v ...E) *npy.Array {
	a, err := npy.From(v, shape...)
	if err != nil {
		panic(err) // the table is wrong
	}
	return a
}

func vec[E npy.Element](v ...E) *npy.Array { return arr([]int{len(v)}, v...) }

func ins(a ...*npy.Array) []*npy.Array { return a }

// double is the function that cases call by its name; see addDouble.
const double = "Double"

// wrapperCases has each family that the CPU has kernels for. dir is a folder for
// files.
func wrapperCases[T any](dir string) []wrapperCase[T] {
	one := func(f func(*ops.Scope[T], []T) T) func(*ops.Scope[T], []T) []T {
		return func(s *ops.Scope[T], in []T) []T { return []T{f(s, in)} }
	}
	f32, m := npy.Float32, arr([]int{2, 3}, float32(1), -2, 3, 4, 0.5, -6)
	n := arr([]int{2, 3}, float32(2), 5, 3, 0, 1, 7)
	square := arr([]int{2, 2}, 4.0, 1, 1, 3)
	return []wrapperCase[T]{
		{"array/Reshape", ins(m), one(func(s *ops.Scope[T], in []T) T { return array.Reshape(s, in[0], ops.Values(s, int32(3), -1)) }), []string{"a.reshape(3, -1)"}, 0},
		{"array/ConcatV2", ins(m, n), one(func(s *ops.Scope[T], in []T) T { return array.ConcatV2(s, in, ops.Value(s, int32(1))) }), []string{"np.concatenate([a, b], 1)"}, 0},
		{"array/Split", ins(m), func(s *ops.Scope[T], in []T) []T { return array.Split(s, ops.Value(s, int32(1)), in[0], 3) }, []string{"a[:, 0:1]", "a[:, 1:2]", "a[:, 2:3]"}, 0},
		{"array/Unique", ins(vec[int64](3, 1, 3, 2, 1)), func(s *ops.Scope[T], in []T) []T {
			y, idx := array.Unique(s, in[0], array.UniqueOutIdx(npy.Int64))
			return []T{y, idx}
		}, []string{"np.array([3, 1, 2])", "np.array([0, 1, 0, 2, 1])"}, 0},
		{"array/StridedSlice", ins(m), one(func(s *ops.Scope[T], in []T) T {
			return array.StridedSlice(s, in[0], ops.Values(s, int32(0), 2), ops.Values(s, int32(0), -4), ops.Values(s, int32(1), -2),
				array.StridedSliceBeginMask(1), array.StridedSliceEndMask(1))
		}), []string{"a[:, 2::-2]"}, 0},
		{"array/IdentityN", ins(m, vec("x", "y")), func(s *ops.Scope[T], in []T) []T { return array.IdentityN(s, in) }, []string{"a", "b"}, 0},
		{"array/Pack", ins(m, n), one(func(s *ops.Scope[T], in []T) T { return array.Pack(s, in, array.PackAxis(1)) }), []string{"np.stack([a, b], 1)"}, 0},
		{"array/Roll", ins(m), one(func(s *ops.Scope[T], in []T) T {
			return array.Roll(s, in[0], ops.Value(s, int32(2)), ops.Value(s, int32(1)))
		}), []string{"np.roll(a, 2, 1)"}, 0},
		{"array/Const", nil, one(func(s *ops.Scope[T], in []T) T { return array.Const(s, n, f32) }), []string{"np.array([[2, 5, 3], [0, 1, 7]], np.float32)"}, 0},
		{"math/MatMul", ins(m, n), one(func(s *ops.Scope[T], in []T) T {
			return tfmath.MatMul(s, in[0], in[1], tfmath.MatMulTransposeB(true))
		}), []string{"a @ b.T"}, 1e-6},
		{"math/AddN", ins(m, n, m), one(func(s *ops.Scope[T], in []T) T { return tfmath.AddN(s, in) }), []string{"a + b + c"}, 0},
		{"math/Sum", ins(m), one(func(s *ops.Scope[T], in []T) T {
			return tfmath.Sum(s, in[0], ops.Values(s, int32(1)), tfmath.SumKeepDims(true))
		}), []string{"a.sum(1, keepdims=True)"}, 1e-6},
		{"math/ArgMax", ins(m), one(func(s *ops.Scope[T], in []T) T {
			return tfmath.ArgMax(s, in[0], ops.Value(s, int32(1)), tfmath.ArgMaxOutputType(npy.Int32))
		}), []string{"a.argmax(1).astype(np.int32)"}, 0},
		{"math/Cast", ins(m), one(func(s *ops.Scope[T], in []T) T { return tfmath.Cast(s, in[0], npy.Int8) }), []string{"a.astype(np.int8)"}, 0},
		{"math/Exp", ins(m), one(func(s *ops.Scope[T], in []T) T { return tfmath.Exp(s, in[0]) }), []string{"np.exp(a)"}, 1e-6},
		{"math/Cumsum", ins(vec[int32](1, 2, 3)), one(func(s *ops.Scope[T], in []T) T {
			return tfmath.Cumsum(s, in[0], ops.Value(s, int32(0)), tfmath.CumsumReverse(true))
		}), []string{"np.cumsum(a[::-1])[::-1].astype(np.int32)"}, 0},
		{"math/SelectV2", ins(m, n), one(func(s *ops.Scope[T], in []T) T {
			return tfmath.SelectV2(s, tfmath.Less(s, in[0], in[1]), in[0], in[1])
		}), []string{"np.where(a < b, a, b)"}, 0},
		{"math/BesselI0", ins(vec(0.5, 2.0)), one(func(s *ops.Scope[T], in []T) T { return tfmath.BesselI0(s, in[0]) }), []string{"np.i0(a)"}, 1e-7},
		{"bitwise/BitwiseXor", ins(vec[uint16](5, 0xffff), vec[uint16](3, 1)), one(func(s *ops.Scope[T], in []T) T { return bitwise.BitwiseXor(s, in[0], in[1]) }), []string{"a ^ b"}, 0},
		{"nn/Softmax", ins(m), one(func(s *ops.Scope[T], in []T) T { return nn.Softmax(s, in[0]) }), []string{"np.exp(a) / np.exp(a).sum(1, keepdims=True)"}, 1e-6},
		{"nn/TopKV2", ins(m), func(s *ops.Scope[T], in []T) []T {
			values, indices := nn.TopKV2(s, in[0], ops.Value(s, int32(2)), nn.TopKV2IndexType(npy.Int64))
			return []T{values, indices}
		}, []string{"-np.sort(-a)[:, :2]", "np.argsort(-a)[:, :2]"}, 0},
		{"nn/Conv2D", ins(arr([]int{1, 2, 2, 2}, float32(1), 2, 3, 4, 5, 6, 7, 8), arr([]int{1, 1, 2, 1}, float32(10), 1)),
			one(func(s *ops.Scope[T], in []T) T {
				return nn.Conv2D(s, in[0], in[1], []int64{1, 1, 1, 1}, "VALID", nn.Conv2DDilations(1, 1, 1, 1))
			}), []string{"a @ b[0, 0]"}, 1e-6},
		{"linalg/MatrixInverse", ins(square), one(func(s *ops.Scope[T], in []T) T { return linalg.MatrixInverse(s, in[0]) }), []string{"np.linalg.inv(a)"}, 1e-12},
		{"linalg/Einsum", ins(m, n), one(func(s *ops.Scope[T], in []T) T { return linalg.Einsum(s, in, "ij,kj->ik") }), []string{"np.einsum('ij,kj->ik', a, b)"}, 1e-6},
		{"linalg/LogMatrixDeterminant", ins(square), func(s *ops.Scope[T], in []T) []T {
			sign, logarithm := linalg.LogMatrixDeterminant(s, in[0])
			return []T{sign, logarithm}
		}, []string{"np.linalg.slogdet(a)[0]", "np.linalg.slogdet(a)[1]"}, 1e-12},
		{"spectral/RFFT", ins(vec[float32](1, 2, 0, -1)), one(func(s *ops.Scope[T], in []T) T { return spectral.RFFT(s, in[0], ops.Values(s, int32(4))) }), []string{"np.fft.rfft(a).astype(np.complex64)"}, 1e-6},
		{"image/ResizeNearestNeighbor", ins(arr([]int{1, 2, 1, 1}, uint8(3), 9)), one(func(s *ops.Scope[T], in []T) T {
			return image.ResizeNearestNeighbor(s, in[0], ops.Values(s, int32(4), 2))
		}), []string{"a.repeat(2, 1).repeat(2, 2)"}, 0},
		{"image/DecodePng", ins(arr([]int{1, 2, 1}, uint8(3), 9)), one(func(s *ops.Scope[T], in []T) T { return image.DecodePng(s, image.EncodePng(s, in[0])) }), []string{"a"}, 0},
		{"audio/DecodeWav", ins(arr([]int{3, 1}, float32(0), 0.5, -0.25)), func(s *ops.Scope[T], in []T) []T {
			samples, rate := audio.DecodeWav(s, audio.EncodeWav(s, in[0], ops.Value(s, int32(8000))))
			return []T{samples, rate}
		}, []string{"a", "np.int32(8000)"}, 1e-4},
		{"strings/StringJoin", ins(vec("a", "b"), vec("x", "")), one(func(s *ops.Scope[T], in []T) T {
			return tfstrings.StringJoin(s, in, tfstrings.StringJoinSeparator("-"))
		}), []string{"np.array(['a-x', 'b-'])"}, 0},
		{"strings/StringSplitV2", ins(vec("a b", "c")), func(s *ops.Scope[T], in []T) []T {
			indices, values, shape := tfstrings.StringSplitV2(s, in[0], ops.Value(s, " "))
			return []T{indices, values, shape}
		}, []string{"np.array([[0, 0], [0, 1], [1, 0]])", "np.array(['a', 'b', 'c'])", "np.array([2, 2])"}, 0},
		{"sets/DenseToDenseSetOperation", ins(arr([]int{1, 3}, int32(1), 2, 3), arr([]int{1, 2}, int32(3), 1)), func(s *ops.Scope[T], in []T) []T {
			_, values, _ := sets.DenseToDenseSetOperation(s, in[0], in[1], "intersection")
			return []T{values}
		}, []string{"np.intersect1d(a, b)"}, 0},
		{"random/StatelessRandomUniform", nil, one(func(s *ops.Scope[T], in []T) T {
			return random.StatelessRandomUniform(s, ops.Values(s, int32(5)), ops.Values(s, int32(1), 2))
		}), nil, 0},
		{"random/RandomIndexShuffle", nil, func(s *ops.Scope[T], in []T) []T {
			var all []T
			for i := range int32(4) {
				all = append(all, random.RandomIndexShuffle(s, ops.Value(s, i), ops.Values(s, uint32(1), 2, 3), ops.Value(s, int32(3))))
			}
			_, index := nn.TopKV2(s, array.Pack(s, all), ops.Value(s, int32(4))) // a permutation's sorted values are known
			return []T{tfmath.Sum(s, array.Pack(s, all), ops.Value(s, int32(0))), array.Shape(s, index)}
		}, []string{"np.int32(6)", "np.array([4], np.int32)"}, 0},
		{"sparse/SparseTensorDenseMatMul", ins(arr([]int{2, 2}, int64(0), 1, 1, 0), vec[float32](3, 4), arr([]int{2, 1}, float32(10), 100)), one(func(s *ops.Scope[T], in []T) T {
			return sparse.SparseTensorDenseMatMul(s, in[0], in[1], ops.Values(s, int64(2), 2), in[2])
		}), []string{"np.array([[0, 3], [4, 0]], np.float32) @ c"}, 1e-6},
		{"ragged/RaggedRange", ins(vec[int32](0, 5), vec[int32](3, 7), vec[int32](1, 1)), func(s *ops.Scope[T], in []T) []T {
			splits, values := ragged.RaggedRange(s, in[0], in[1], in[2])
			return []T{splits, values}
		}, []string{"np.array([0, 3, 5])", "np.array([0, 1, 2, 5, 6], np.int32)"}, 0},
		{"list/TensorListStack", ins(m), one(func(s *ops.Scope[T], in []T) T {
			l := list.TensorListFromTensor(s, in[0], ops.Values(s, int32(3)))
			return list.TensorListStack(s, list.TensorListPushBack(s, l, array.Const(s, vec[float32](7, 8, 9), f32)), ops.Values(s, int32(3)), f32)
		}), []string{"np.concatenate([a, np.array([[7, 8, 9]], np.float32)])"}, 0},
		{"dataflow/DynamicPartition", ins(m, vec[int32](1, 0)), func(s *ops.Scope[T], in []T) []T { return dataflow.DynamicPartition(s, in[0], in[1], 2) }, []string{"a[b == 0]", "a[b == 1]"}, 0},
		{"dataflow/DynamicStitch", ins(vec[int32](2, 0), vec[int32](1), vec(1.0, 2), vec(3.0)), one(func(s *ops.Scope[T], in []T) T {
			return dataflow.DynamicStitch(s, in[:2], in[2:])
		}), []string{"np.array([2.0, 3, 1])"}, 0},
		{"state/AssignAddVariableOp", ins(m, n), one(func(s *ops.Scope[T], in []T) T {
			v := state.VarHandleOp(s, f32, []int{2, 3}, state.VarHandleOpSharedName("v"))
			set := state.AssignVariableOp(s, v, in[0])
			added := state.AssignAddVariableOp(s.WithControl(set), v, in[1])
			return state.ReadVariableOp(s.WithControl(added), v, f32)
		}), []string{"a + b"}, 0},
		{"training/ResourceApplyGradientDescent", ins(m, n), one(func(s *ops.Scope[T], in []T) T {
			v := state.VarHandleOp(s, f32, []int{2, 3}, state.VarHandleOpSharedName("w"))
			set := state.AssignVariableOp(s, v, in[0])
			step := training.ResourceApplyGradientDescent(s.WithControl(set), v, ops.Value(s, float32(0.5)), in[1])
			return state.ReadVariableOp(s.WithControl(step), v, f32)
		}), []string{"a - np.float32(0.5) * b"}, 1e-6},
		{"lookup/LookupTableFindV2", ins(vec("b", "z")), one(func(s *ops.Scope[T], in []T) T {
			table := lookup.HashTableV2(s, npy.String, npy.Int64, lookup.HashTableV2SharedName("table"))
			filled := lookup.LookupTableImportV2(s, table, ops.Values(s, "a", "b"), ops.Values(s, int64(1), 2))
			return lookup.LookupTableFindV2(s.WithControl(filled), table, in[0], ops.Value(s, int64(-1)))
		}), []string{"np.array([2, -1])"}, 0},
		{"functional/PartitionedCall", ins(m), func(s *ops.Scope[T], in []T) []T {
			return functional.PartitionedCall(s, in, []ops.DataType{f32}, double)
		}, []string{"a + a"}, 0},
		{"functional/StatelessIf", ins(m), func(s *ops.Scope[T], in []T) []T {
			return functional.StatelessIf(s, ops.Value(s, true), in, []ops.DataType{f32}, double, double, functional.StatelessIfOutputShapes([]int{2, 3}))
		}, []string{"a + a"}, 0},
		{"controlflow/NoOp", ins(m), one(func(s *ops.Scope[T], in []T) T {
			return array.Identity(s.WithControl(controlflow.NoOp(s.WithControl(in[0]))), in[0])
		}), []string{"a"}, 0},
		{"data/BatchDatasetV2", ins(m), func(s *ops.Scope[T], in []T) []T {
			rows := data.TensorSliceDataset(s, in, [][]int{{3}})
			batches := data.BatchDatasetV2(s, rows, ops.Value(s, int64(2)), ops.Value(s, true), []ops.DataType{f32}, [][]int{{2, 3}})
			return data.DatasetToSingleElement(s, batches, []ops.DataType{f32}, [][]int{{2, 3}})
		}, []string{"a"}, 0},
		{"io/ReadFile", nil, one(func(s *ops.Scope[T], in []T) T {
			path := ops.Value(s, filepath.Join(dir, "file"))
			written := io.WriteFile(s, path, ops.Value(s, "text"))
			return io.ReadFile(s.WithControl(written), path)
		}), []string{"np.array('text')"}, 0},
		{"parsing/DecodeCSV", nil, func(s *ops.Scope[T], in []T) []T {
			return parsing.DecodeCSV(s, ops.Values(s, "1;a", "2;"), []T{ops.Value(s, int32(0)), ops.Value(s, "none")}, parsing.DecodeCSVFieldDelim(";"))
		}, []string{"np.array([1, 2], np.int32)", "np.array(['a', 'none'])"}, 0},
		{"parsing/ParseTensor", ins(m), one(func(s *ops.Scope[T], in []T) T { return parsing.ParseTensor(s, parsing.SerializeTensor(s, in[0]), f32) }), []string{"a"}, 0},
		{"logging/Assert", ins(m), one(func(s *ops.Scope[T], in []T) T {
			ok := logging.Assert(s, tfmath.All(s, tfmath.IsFinite(s, in[0]), ops.Values(s, int32(0), 1)), in, logging.AssertSummarize(2))
			return array.Identity(s.WithControl(ok), in[0])
		}), []string{"a"}, 0},
		{"quantize/UniformQuantize", ins(m), one(func(s *ops.Scope[T], in []T) T {
			q := quantize.UniformQuantize(s, in[0], ops.Value(s, float32(0.5)), ops.Value(s, int32(1)), ops.QInt8, -128, 127)
			return quantize.UniformDequantize(s, q, ops.Value(s, float32(0.5)), ops.Value(s, int32(1)), f32, -128, 127)
		}), []string{"a"}, 0},
		{"clustering/NearestNeighbors", ins(arr([]int{2, 1}, float32(0), 10), arr([]int{2, 1}, float32(9), 1)), func(s *ops.Scope[T], in []T) []T {
			indices, distances := clustering.NearestNeighbors(s, in[0], in[1], ops.Value(s, int64(1)))
			return []T{indices, distances}
		}, []string{"np.array([[1], [0]])", "np.array([[1], [1]], np.float32)"}, 1e-6},
		{"batch/BatchFunction", ins(m), func(s *ops.Scope[T], in []T) []T {
			return batch.BatchFunction(s, in, nil, double, 1, 2, 0, []ops.DataType{f32})
		}, []string{"a + a"}, 0},
		{"misc/Fact", nil, one(func(s *ops.Scope[T], in []T) T { return misc.Fact(s) }), nil, 0},
	}
}

// doubleFunction is a function x+x of a float matrix.
func doubleFunction(t *testing.T) *graph.Function {
	t.Helper()
	g := newGraph(t)
	x, err := g.Placeholder("x", npy.Float32, []int{-1, 3})
	must(t, err)
	s := ops.NewScope[graph.Output](g)
	y := tfmath.Add(s, x, x)
	must(t, s.Err())
	f, err := g.Function(double, []string{x.String()}, []string{y.String()})
	must(t, err)
	return f
}

// inGraph builds a case in a graph and runs it in a session.
func inGraph(t *testing.T, c wrapperCase[graph.Output], f *graph.Function) []*npy.Array {
	t.Helper()
	g := newGraph(t)
	must(t, g.AddFunction(f))
	s := ops.NewScope[graph.Output](g)
	feeds := graph.Feeds{}
	var in []graph.Output
	for i, a := range c.in {
		x, err := g.Placeholder(fmt.Sprint("in", i), a.DType(), a.Shape())
		must(t, err)
		in = append(in, x)
		feeds[x.String()] = a
	}
	var fetches []string
	for _, o := range c.build(s, in) {
		fetches = append(fetches, o.String())
	}
	must(t, s.Err())
	session, err := graph.NewSession(g)
	must(t, err)
	defer session.Close()
	got, err := session.Run(context.Background(), feeds, fetches, nil)
	must(t, err)
	return got
}

// atOnce runs a case in an eager context.
func atOnce(t *testing.T, c wrapperCase[*eager.Tensor], f *graph.Function) []*npy.Array {
	t.Helper()
	ec := newContext(t)
	_, err := ec.AddFunction(f)
	must(t, err)
	s := ops.NewScope[*eager.Tensor](ec)
	defer s.Close()
	var in []*eager.Tensor
	for _, a := range c.in {
		x, err := ec.Tensor(a)
		must(t, err)
		defer x.Close()
		in = append(in, x)
	}
	outputs := c.build(s, in)
	must(t, s.Err())
	var got []*npy.Array
	for _, o := range outputs {
		a, err := o.Copy()
		must(t, err)
		got = append(got, a)
	}
	return got
}

// The same code gives the same bits at once and in a graph, and what NumPy gives.
func TestWrappers(t *testing.T) {
	dir, f := t.TempDir(), doubleFunction(t)
	graphs, eagers := wrapperCases[graph.Output](dir), wrapperCases[*eager.Tensor](dir)
	var inputs [][]*npy.Array
	var want [][]string
	for _, c := range graphs {
		inputs, want = append(inputs, c.in), append(want, c.want)
	}
	expected := numpy(t, inputs, want)
	for i, c := range graphs {
		t.Run(c.name, func(t *testing.T) {
			g, e := inGraph(t, c, f), atOnce(t, eagers[i], f)
			if len(g) != len(e) || c.want != nil && len(g) != len(c.want) {
				t.Fatalf("%d results in a graph, %d at once, want %d", len(g), len(e), len(c.want))
			}
			for k := range g {
				if !same(g[k], e[k]) {
					t.Errorf("result %d: in a graph %v, at once %v", k, g[k], e[k])
				}
				if c.want != nil {
					compare(t, g[k], expected[i][k], c.near)
				}
			}
		})
	}
}

var same = arraytest.Same

// compare checks a result against NumPy's, to the bit where near is 0.
func compare(t *testing.T, have, want *npy.Array, near float64) {
	t.Helper()
	if near == 0 {
		if !same(have, want) {
			t.Errorf("have %v %v %v, want %v %v %v", have.DType(), have.Shape(), have, want.DType(), want.Shape(), want)
		}
		return
	}
	h, w := floats(have), floats(want)
	if have.DType() != want.DType() || !slices.Equal(have.Shape(), want.Shape()) || len(h) != len(w) {
		t.Fatalf("have %v %v, want %v %v", have.DType(), have.Shape(), want.DType(), want.Shape())
	}
	for i := range h {
		if !(math.Abs(h[i]-w[i]) <= near*(1+math.Abs(w[i]))) {
			t.Errorf("element %d: have %v, want %v", i, h[i], w[i])
		}
	}
}

// floats are the elements of an array of numbers, real and imaginary parts in
// turn.
func floats(a *npy.Array) (f []float64) {
	switch a.DType() {
	case npy.Float32:
		for _, v := range values[float32](a) {
			f = append(f, float64(v))
		}
	case npy.Float64:
		f = values[float64](a)
	case npy.Complex64:
		for _, v := range values[complex64](a) {
			f = append(f, float64(real(v)), float64(imag(v)))
		}
	case npy.Int32:
		for _, v := range values[int32](a) {
			f = append(f, float64(v))
		}
	case npy.Int64:
		for _, v := range values[int64](a) {
			f = append(f, float64(v))
		}
	}
	return f
}

func values[E npy.Element](a *npy.Array) []E {
	v, err := npy.Values[E](a)
	if err != nil {
		panic(err) // the dtype was looked at
	}
	return v
}

// Once a scope has failed, wrappers give zero values, as many as ever.
func TestWrappersOfAFailedScope(t *testing.T) {
	s := ops.NewScope[graph.Output](newGraph(t))
	x := ops.Value(s, float32(1))
	if v := tfmath.MatMul(s, x, x); v != (graph.Output{}) || s.Err() == nil {
		t.Errorf("a product of scalars is %v, error %v", v, s.Err())
	}
	values, indices := nn.TopKV2(s, x, x)
	batched, index, id := batch.Batch(s, []graph.Output{x, x}, 1, 1, 1, 1)
	parts := array.Split(s, x, x, 3)
	zero := graph.Output{}
	if values != zero || indices != zero || len(batched) != 0 || index != zero || id != zero || parts != nil {
		t.Errorf("made %v, %v, %v, %v, %v, %v", values, indices, batched, index, id, parts)
	}
}

// Outputs go to the results they belong to, lists among them.
func TestWrappersWithListsAmongOutputs(t *testing.T) {
	s := ops.NewScope[graph.Output](newGraph(t))
	x, y := ops.Values(s, float32(1)), ops.Values(s, int32(1))
	batched, index, id := batch.Batch(s, []graph.Output{x, y}, 1, 1, 1, 1)
	must(t, s.Err())
	var got []string
	for _, o := range append(batched, index, id) {
		got = append(got, fmt.Sprint(o, " ", o.Type()))
	}
	if want := []string{"Batch:0 float", "Batch:1 int32", "Batch:2 int64", "Batch:3 int64"}; !slices.Equal(got, want) {
		t.Errorf("have %q, want %q", got, want)
	}
	keys := ops.Values(s, "k")
	indices, sparse, shapes, dense, ragged, splits := parsing.ParseExampleV2(s, ops.Values(s, ""), ops.Values[string](s), keys, ops.Values(s, "d"), ops.Values[string](s),
		[]graph.Output{ops.Values(s, float32(0))}, 1, []ops.DataType{npy.Int64}, nil, nil, [][]int{{1}})
	must(t, s.Err())
	if len(indices) != 1 || len(sparse) != 1 || len(shapes) != 1 || len(dense) != 1 || len(ragged) != 0 || len(splits) != 0 ||
		sparse[0].Type() != "int64" || dense[0].Type() != "float" {
		t.Errorf("made %v, %v, %v, %v, %v, %v", indices, sparse, shapes, dense, ragged, splits)
	}
}

// Families whose ops run elsewhere, on a TPU say, build graphs all the same.
func TestWrappersWithoutKernels(t *testing.T) {
	g := newGraph(t)
	s := ops.NewScope[graph.Output](g)
	m := ops.Const(s, arr([]int{2, 3}, float32(1), 2, 3, 4, 5, 6))
	for _, c := range []struct {
		made  graph.Output
		typ   string
		shape []int
	}{
		{boostedtrees.BoostedTreesBucketize(s, []graph.Output{ops.Values(s, float32(0.5), 2.5)}, []graph.Output{ops.Values(s, float32(1))})[0], "int32", []int{2}},
		{distribute.CollectiveReduceV2(s, m, ops.Value(s, int32(1)), ops.Value(s, int32(1)), ops.Value(s, int32(1)), nil, "Add", "Id"), "float", []int{2, 3}},
		{risc.RiscAdd(s, m, m), "float", []int{2, 3}},
		{tpu.TPUReplicatedInput(s, []graph.Output{m, m}), "float", []int{2, 3}},
		{xla.XlaSharding(s, m), "float", []int{2, 3}},
	} {
		must(t, s.Err())
		if c.made.Type() != c.typ || !slices.Equal(c.made.Shape(), c.shape) {
			t.Errorf("%v is %s %v, want %s %v", c.made, c.made.Type(), c.made.Shape(), c.typ, c.shape)
		}
	}
}

// Every package of wrappers is in one of the two tables.
func TestEveryPackageIsUsed(t *testing.T) {
	used := map[string]bool{"boostedtrees": true, "distribute": true, "risc": true, "tpu": true, "xla": true} // TestWrappersWithoutKernels
	for _, c := range wrapperCases[graph.Output]("") {
		pkg, _, _ := strings.Cut(c.name, "/")
		used[pkg] = true
	}
	folders, err := filepath.Glob("*/")
	must(t, err)
	for _, folder := range folders {
		if !used[folder] {
			t.Errorf("no case uses package %s", folder)
		}
	}
}
