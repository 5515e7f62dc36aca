package bundle

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// sliceOf is a TensorSliceProto. An extent of no length is all of a dimension.
func sliceOf(extents ...extent) *tfpb.BundleEntryProto_Slice {
	var raw []byte
	for _, e := range extents {
		var one []byte
		if e.length != whole {
			one = protowire.AppendVarint(protowire.AppendTag(one, 1, protowire.VarintType), uint64(e.start))
			one = protowire.AppendVarint(protowire.AppendTag(one, 2, protowire.VarintType), uint64(e.length))
		}
		raw = protowire.AppendBytes(protowire.AppendTag(raw, 1, protowire.BytesType), one)
	}
	s := new(tfpb.BundleEntryProto_Slice)
	if err := proto.Unmarshal(raw, s); err != nil {
		panic(err)
	}
	return s
}

func TestSlices(t *testing.T) {
	all := extent{0, whole}
	for _, c := range []struct {
		name   string
		slices []*tfpb.BundleEntryProto_Slice
		want   string // of the error; empty for none
	}{
		{"rows", []*tfpb.BundleEntryProto_Slice{sliceOf(extent{0, 2}, all), sliceOf(extent{2, 3}, all)}, ""},
		{"everything", []*tfpb.BundleEntryProto_Slice{sliceOf(all, all)}, ""},
		{"none of the rows", []*tfpb.BundleEntryProto_Slice{sliceOf(extent{5, 0}, all)}, ""},
		{"twice", []*tfpb.BundleEntryProto_Slice{sliceOf(all, all), sliceOf(all, all)}, "there twice"},
		{"another rank", []*tfpb.BundleEntryProto_Slice{sliceOf(all)}, "1 dimensions of a tensor of 2"},
		{"beyond the end", []*tfpb.BundleEntryProto_Slice{sliceOf(extent{3, 3}, all)}, "3 from 3 on"},
		{"before the front", []*tfpb.BundleEntryProto_Slice{sliceOf(extent{-5, 1 << 62}, all)}, "from -5 on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := checkSlices(c.slices, []int{5, 3})
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("have %v, want %q", err, c.want)
			}
		})
	}
}

// A type that no checkpoint has ends the process where it is read.
func TestReferenceType(t *testing.T) {
	value, err := proto.Marshal(&tfpb.BundleEntryProto{Dtype: 101, Size: 4})
	if err != nil {
		t.Fatal(err)
	}
	r := reader{shards: 1, ends: make(map[int32]int64)}
	if err := r.entry([]byte("x"), value); err == nil || !strings.Contains(err.Error(), "float_ref") {
		t.Errorf("have %v", err)
	}
}
