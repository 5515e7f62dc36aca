package data

import (
	"testing"

	"ndflow/npy"
)

func TestFromArrays(t *testing.T) {
	c := newContext(t)
	d := FromArrays(c, counting(t, 3, 2), arrayOf(t, []string{"a", "a longer string than fits inside", ""}))
	wantSpec(t, d, "float32 [2]", "string []")
	wantAll(t, d, "[0. 1.], a", "[2. 3.], a longer string than fits inside", "[4. 5.], ")
	wantAll(t, FromArrays(c, counting(t, 0, 2)))
}

func TestBatch(t *testing.T) {
	c := newContext(t)
	x, y := counting(t, 5, 2), arrayOf(t, []int64{1, 2, 3, 4, 5})
	// Rows that are batched at once, and rows that something was done to.
	for name, d := range map[string]Dataset{"views": FromArrays(c, x, y), "gathered": FromArrays(c, x, y).Prefetch(1)} {
		t.Run(name, func(t *testing.T) {
			b := d.Batch(2)
			wantSpec(t, b, "float32 [-1 2]", "int64 [-1]")
			wantAll(t, b, "[[0. 1.] [2. 3.]], [1 2]", "[[4. 5.] [6. 7.]], [3 4]", "[[8. 9.]], [5]")
			b = d.Batch(2, DropRemainder())
			wantSpec(t, b, "float32 [2 2]", "int64 [2]")
			wantAll(t, b, "[[0. 1.] [2. 3.]], [1 2]", "[[4. 5.] [6. 7.]], [3 4]")
			b = d.Batch(5)
			wantSpec(t, b, "float32 [5 2]", "int64 [5]")
			wantAll(t, b, "[[0. 1.] [2. 3.] [4. 5.] [6. 7.] [8. 9.]], [1 2 3 4 5]")
			b = d.Batch(9)
			wantSpec(t, b, "float32 [5 2]", "int64 [5]")
			wantAll(t, b, "[[0. 1.] [2. 3.] [4. 5.] [6. 7.] [8. 9.]], [1 2 3 4 5]")
			wantAll(t, d.Batch(9, DropRemainder()))
			wantAll(t, d.Batch(3, Parallel(2)), "[[0. 1.] [2. 3.] [4. 5.]], [1 2 3]", "[[6. 7.] [8. 9.]], [4 5]")
			wantAll(t, d.Batch(3, Parallel(AutoTune)), "[[0. 1.] [2. 3.] [4. 5.]], [1 2 3]", "[[6. 7.] [8. 9.]], [4 5]")
			b = d.Batch(2, DropRemainder()).Batch(2)
			wantSpec(t, b, "float32 [2 2 2]", "int64 [2 2]")
			wantAll(t, b, "[[[0. 1.] [2. 3.]] [[4. 5.] [6. 7.]]], [[1 2] [3 4]]")
		})
	}
	wantAll(t, FromArrays(c, counting(t, 0, 2)).Batch(3))
	wantAll(t, FromArrays(c, counting(t, 2, 1)).Batch(maxInt), "[[0.] [1.]]")
	wantSpec(t, Range(c, 0, 1, 1).Repeat(Forever).Batch(3), "int64 [3]")
	wantError(t, firstError(FromArrays(c, x).Batch(2).Batch(3)), npy.ErrShape, "element 0", "PaddedBatch")
}

func TestPaddedBatch(t *testing.T) {
	c := newContext(t)
	// Batches of 2 and 1: elements of two shapes.
	d := FromArrays(c, arrayOf(t, []int32{1, 2, 3}), arrayOf(t, []string{"a", "b", "c"})).Batch(2)
	b := d.PaddedBatch(2)
	wantSpec(t, b, "int32 [2 -1]", "string [2 -1]")
	wantAll(t, b, "[[1 2] [3 0]], [['a' 'b'] ['c' '']]")
	b = d.PaddedBatch(2, PadTo([]int{3}, nil), PadWith(npy.Scalar(int32(-1)), npy.Scalar("-")))
	wantSpec(t, b, "int32 [2 3]", "string [2 -1]")
	wantAll(t, b, "[[ 1 2 -1] [ 3 -1 -1]], [['a' 'b'] ['c' '-']]")
	wantAll(t, d.Take(1).PaddedBatch(2, PadTo([]int{-1}, []int{-1})), "[[1 2]], [['a' 'b']]")
	wantAll(t, d.PaddedBatch(3, DropRemainder()))
}

func TestSteps(t *testing.T) {
	c := newContext(t)
	d := Range(c, 0, 4, 1)
	wantSpec(t, d, "int64 []")
	wantAll(t, d, "0", "1", "2", "3")
	wantAll(t, Range(c, 7, 0, -3), "7", "4", "1")
	wantAll(t, Range(c, 0, 0, 1))
	wantAll(t, d.Take(2), "0", "1")
	wantAll(t, d.Take(9), "0", "1", "2", "3")
	wantAll(t, d.Take(0))
	wantAll(t, d.Skip(3), "3")
	wantAll(t, d.Skip(9))
	wantAll(t, d.Take(2).Repeat(2), "0", "1", "0", "1")
	wantAll(t, d.Repeat(Forever).Skip(3).Take(3), "3", "0", "1")
	wantAll(t, d.Take(0).Repeat(Forever))
	wantAll(t, d.Prefetch(2), "0", "1", "2", "3")
	wantAll(t, d.Prefetch(AutoTune), "0", "1", "2", "3")
	wantAll(t, Zip(d, d.Skip(1), FromArrays(c, counting(t, 9))), "0, 1, 0.0", "1, 2, 1.0", "2, 3, 2.0")
	wantAll(t, d.Skip(1).Batch(3), "[1 2 3]") // what was derived from d has left it as it was
}
