package arrowio

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"ndflow/npy"
	"ndflow/npy/table"
)

func address(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// leafOf is the data of an Arrow array below its lists.
func leafOf(a arrow.Array) arrow.ArrayData {
	d := a.Data()
	for len(d.Children()) > 0 {
		d = d.Children()[0]
	}
	return d
}

func TestNumbersAreSharedBothWays(t *testing.T) {
	names, arrays := samples(10)
	for i, a := range arrays {
		arr := must(ToArrow(a))
		back := must(FromArrow(arr))
		if !equal(a, back) {
			t.Errorf("%s: have %v, want %v", names[i], back, a)
		}
		shared := a.DType() != npy.Bool && a.DType() != npy.String
		if shared != (len(a.Bytes()) > 0 && address(a.Bytes()) == address(back.Bytes())) || shared != back.ReadOnly() {
			t.Errorf("%s: shared and read-only is %v (%v), want %v", names[i], !shared, back.ReadOnly(), shared)
		}
		if shared && address(leafOf(arr).Buffers()[1].Bytes()) != address(a.Bytes()) {
			t.Errorf("%s: Arrow has a copy", names[i])
		}
		back.Release()
		arr.Release()
	}
}

func TestArrowHoldsTheArrayUntilItsLastRelease(t *testing.T) {
	freed := 0
	data := []byte{1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0}
	a := must(npy.External(npy.Int32, []int{2, 2}, data, true, func() { freed++ }))
	arr := must(ToArrow(a))
	back := must(FromArrow(arr))
	part := array.NewSlice(arr, 1, 2)
	a.Release()
	arr.Release()
	back.Release()
	if freed != 0 {
		t.Fatal("freed while a slice of the Arrow array was there")
	}
	rest := must(FromArrow(part))
	part.Release()
	if v := must(npy.Values[int32](rest)); freed != 0 || !slices.Equal(v, []int32{3, 4}) {
		t.Fatalf("have %v, freed %d times", v, freed)
	}
	rest.Release()
	if freed != 1 {
		t.Fatalf("freed %d times, want once", freed)
	}
	if _, err := ToArrow(a); !errors.Is(err, npy.ErrReleased) {
		t.Errorf("of a released array: have %v", err)
	}
}

func TestArrowsMemoryLivesUntilTheArrayIsReleased(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.NewGoAllocator())
	defer mem.AssertSize(t, 0)
	b := array.NewFloat64Builder(mem)
	b.AppendValues([]float64{1, 2, 3, 4}, nil)
	arr := b.NewArray()
	b.Release()
	a := must(FromArrow(arr))
	if address(a.Bytes()) != address(arr.Data().Buffers()[1].Bytes()) {
		t.Error("copied")
	}
	arr.Release()
	view := must(a.Slice(1, 3))
	if v := must(npy.Values[float64](view)); mem.CurrentAlloc() == 0 || !slices.Equal(v, []float64{2, 3}) {
		t.Errorf("have %v with %d bytes allocated", v, mem.CurrentAlloc())
	}
	a.Release()
}

func TestForgottenArraysGiveArrowsMemoryBack(t *testing.T) {
	var freed tell
	func() {
		data := memory.NewBufferWithAllocator(make([]byte, 800), &freed)
		d := array.NewData(arrow.PrimitiveTypes.Int64, 100, []*memory.Buffer{nil, data}, nil, 0, 0)
		data.Release()
		arr := array.MakeFromData(d)
		d.Release()
		must(FromArrow(arr))
		arr.Release()
	}()
	for range 1000 {
		runtime.GC() // cleanups run on a goroutine of their own, some time after
		if freed.Load() {
			return
		}
		runtime.Gosched()
	}
	t.Error("not freed")
}

// tell is an allocator that knows that it was told to free.
type tell struct{ atomic.Bool }

func (*tell) Allocate(n int) []byte             { return make([]byte, n) }
func (*tell) Reallocate(n int, _ []byte) []byte { return make([]byte, n) }
func (t *tell) Free([]byte)                     { t.Store(true) }

func TestSlicesOfArrowArrays(t *testing.T) {
	names, arrays := samples(23)
	for i, a := range arrays {
		arr := must(ToArrow(a))
		for _, r := range [][2]int{{0, 23}, {1, 23}, {8, 9}, {5, 5}, {3, 20}} {
			part := array.NewSlice(arr, int64(r[0]), int64(r[1]))
			if have, err := FromArrow(part); err != nil || !equal(have, must(a.Slice(r[0], r[1]))) {
				t.Errorf("%s, rows %v: have %v, %v", names[i], r, have, err)
			}
			part.Release()
		}
		arr.Release()
	}
}

func TestRecordBatches(t *testing.T) {
	names, arrays := samples(7)
	batch := must(RecordBatch(names, arrays))
	back := must(Arrays(batch))
	for i := range arrays {
		if batch.ColumnName(i) != names[i] || !equal(back[i], arrays[i]) {
			t.Errorf("%s: have %v, want %v", names[i], back[i], arrays[i])
		}
	}
	two := must(Arrays(batch, Columns("string", "int8-deep")))
	if len(two) != 2 || two[0].DType() != npy.String || !slices.Equal(two[1].Shape(), []int{7, 2, 5}) {
		t.Errorf("have %v", two)
	}
	batch.Release()
	short := must(npy.New(npy.Int8, 6))
	_, err := RecordBatch([]string{"a", "b"}, []*npy.Array{arrays[0], short})
	if want := `column "b": shape does not fit: have 6 rows, want 7 as column "a" has`; !errors.Is(err, npy.ErrShape) || err.Error() != "arrowio: table: "+want {
		t.Errorf("unequal lengths: have %v", err)
	}
}

func TestRefusedArrays(t *testing.T) {
	for name, c := range map[string]struct {
		a    *npy.Array
		want error
	}{
		"0-d":              {npy.Scalar(1.5), npy.ErrShape},
		"rows of nothing":  {must(npy.New(npy.Int8, 3, 0)), npy.ErrShape},
		"complex64":        {must(npy.New(npy.Complex64, 3)), npy.ErrDType},
		"complex128":       {must(npy.New(npy.Complex128, 3)), npy.ErrDType},
		"text that is not": {must(npy.From([]string{"a", "\xff"})), npy.ErrDType},
		"nil":              {nil, errNil},
	} {
		if arr, err := ToArrow(c.a); !errors.Is(err, c.want) {
			t.Errorf("%s: have %v, %v", name, arr, err)
		}
	}
	if _, err := FromArrow(nil); err == nil {
		t.Error("nil Arrow array: no error")
	}
}

func TestWidenedDTypes(t *testing.T) {
	for d, want := range map[npy.DType]npy.DType{
		npy.BFloat16: npy.Float32, npy.Float8E4M3FN: npy.Float32, npy.Float8E5M2: npy.Float32, npy.Float4E2M1FN: npy.Float32,
		npy.Int4: npy.Int8, npy.Int2: npy.Int8, npy.Uint4: npy.Uint8, npy.Uint2: npy.Uint8,
	} {
		a := must(npy.New(d, 3, 2))
		for i := range a.Bytes() {
			a.Bytes()[i] = byte(i % 2)
		}
		back := must(FromArrow(must(ToArrow(a))))
		wide := a
		if want == npy.Float32 {
			wide = must(a.AsFloat32())
		} else {
			wide = must(a.View(want))
		}
		if !equal(back, wide) {
			t.Errorf("%v: have %v, want %v", d, back, wide)
		}
		as, note, err := Stored(table.Column{Name: "w", DType: d, Shape: []int{2}})
		if err != nil || as.DType != want || note != fmt.Sprintf(`column "w" is %v, which Arrow does not have, and is stored as %v`, d, want) {
			t.Errorf("%v: have %v, %q, %v", d, as, note, err)
		}
		for _, ext := range []string{".arrow", ".parquet"} {
			path := filepath.Join(t.TempDir(), "t"+ext)
			w := must(create(path, []table.Column{{Name: "w", DType: d, Shape: []int{2}}}))
			if notes := table.Notes(w); len(notes) != 1 || notes[0] != note {
				t.Errorf("%v: have the notes %q", d, notes)
			}
			if err := errors.Join(w.Write([]*npy.Array{a}), w.Commit()); err != nil {
				t.Fatal(err)
			}
			r := must(open(path))
			if have := must(table.ReadAll(r)); !equal(have[0], wide) {
				t.Errorf("%v in %s: have %v, want %v", d, ext, have[0], wide)
			}
			r.Close()
		}
	}
}

// TestMappedColumnsAreTheFile reads a file of numbers: the arrays lie in the
// mapping, at multiples of npy.Align, and outlive the reader, each by itself.
func TestMappedColumnsAreTheFile(t *testing.T) {
	for _, ext := range []string{".arrow", ".arrows"} {
		path := filepath.Join(t.TempDir(), "t"+ext)
		names := []string{"a", "b", "flag", "c", "d"}
		arrays := []*npy.Array{must(npy.New(npy.Int8, 1001, 3)), must(npy.New(npy.Float16, 1001)), must(npy.New(npy.Bool, 1001)),
			must(npy.New(npy.Float64, 1001)), must(npy.New(npy.Uint16, 1001, 2, 3))}
		for _, a := range arrays {
			if a.DType() != npy.Bool {
				for i := range a.Bytes() {
					a.Bytes()[i] = byte(i)
				}
			}
		}
		if err := write(path, names, arrays, 333); err != nil {
			t.Fatal(err)
		}
		r := must(OpenArrow(path))
		whole := r.conv.whole
		lo, hi := address(whole.Bytes()), address(whole.Bytes())+uintptr(whole.Len())
		rows := 0
		var kept []*npy.Array
		for {
			batch, err := r.Next(200)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range batch {
				at := address(a.Bytes())
				if mapped := at >= lo && at < hi; mapped != (a.DType() != npy.Bool) || mapped != a.ReadOnly() {
					t.Errorf("%s, row %d: in the mapping is %v, read-only is %v", names[i], rows, mapped, a.ReadOnly())
				}
				if rows%333 == 0 && at%npy.Align != 0 && a.ReadOnly() {
					t.Errorf("%s, row %d: at %#x", names[i], rows, at)
				}
			}
			rows += batch[0].Dim(0)
			kept = append(kept, batch[3])
			for _, i := range []int{0, 1, 2, 4} {
				batch[i].Release()
			}
		}
		if err := errors.Join(r.Close(), r.Close()); err != nil || rows != 1001 {
			t.Errorf("have %d rows, %v", rows, err)
		}
		rows = 0
		for _, a := range kept {
			if want := must(arrays[3].Slice(rows, rows+a.Dim(0))); !equal(a, want) {
				t.Errorf("after Close: have %v, want %v", a, want)
			}
			rows += a.Dim(0)
			a.Release()
		}
		if whole.Bytes() != nil {
			t.Error("the mapping is still there")
		}
		if _, err := r.Next(1); err == nil || err == io.EOF {
			t.Errorf("Next after Close: have %v", err)
		}
	}
}
