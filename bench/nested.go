package bench

import (
	"reflect"
	"unsafe"

	"ndflow/npy"
)

// nested returns an array's elements as Go slices in slices, [][]float32 for two
// dimensions, which is how bindings hand results over that know a tensor's rank and
// type only when they run: a slice of all elements is copied, and then cut by
// reflection, one dimension after the other.
func nested(a *npy.Array) any {
	elements := reflect.MakeSlice(sliceTypes[a.DType()], a.Len(), a.Len())
	copy(unsafe.Slice((*byte)(elements.UnsafePointer()), len(a.Bytes())), a.Bytes())
	shape := a.Shape()
	if len(shape) == 0 {
		return elements.Index(0).Interface()
	}
	for d := len(shape) - 1; d > 0; d-- {
		rows := elements.Len() / max(shape[d], 1)
		cut := reflect.MakeSlice(reflect.SliceOf(elements.Type()), rows, rows)
		for i := range rows {
			cut.Index(i).Set(elements.Slice3(i*shape[d], (i+1)*shape[d], (i+1)*shape[d]))
		}
		elements = cut
	}
	return elements.Interface()
}

var sliceTypes = map[npy.DType]reflect.Type{
	npy.Float32: reflect.TypeFor[[]float32](),
	npy.Float64: reflect.TypeFor[[]float64](),
	npy.Int32:   reflect.TypeFor[[]int32](),
	npy.Int64:   reflect.TypeFor[[]int64](),
}

// flat brings slices in slices back to an array, as bindings do that take any Go
// value for a tensor: by reflection down to the innermost slices, whose elements are
// copied.
func flat(v any, dst *npy.Array) { flatten(reflect.ValueOf(v), dst.Bytes()) }

func flatten(v reflect.Value, dst []byte) (rest []byte) {
	if v.Len() == 0 {
		return dst
	}
	if elem := v.Type().Elem(); elem.Kind() != reflect.Slice {
		size := v.Len() * int(elem.Size())
		copy(dst[:size], unsafe.Slice((*byte)(v.UnsafePointer()), size))
		return dst[size:]
	}
	for i := range v.Len() {
		dst = flatten(v.Index(i), dst)
	}
	return dst
}
