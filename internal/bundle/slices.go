package bundle

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"ndflow/internal/tfpb"
)

// extent is a part of a dimension. All of it, where no length is given.
type extent struct{ start, length int64 }

const whole = -1

// checkSlices looks whether the slices that a tensor lies in are parts of it, each there
// once: TensorFlow ends the process where one is there twice.
func checkSlices(list []*tfpb.BundleEntryProto_Slice, shape []int) error {
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		raw, err := proto.Marshal(s)
		if err != nil {
			return err
		}
		extents, err := parseSlice(raw)
		if err != nil {
			return err
		}
		if len(extents) != len(shape) {
			return fmt.Errorf("a slice of %d dimensions of a tensor of %d", len(extents), len(shape))
		}
		for i, e := range extents {
			if d := int64(shape[i]); e.length != whole && (e.start < 0 || e.length < 0 || e.start > d || e.length > d-e.start) {
				return fmt.Errorf("a slice of %d from %d on of a dimension of %d", e.length, e.start, d)
			}
		}
		key := fmt.Sprint(extents)
		if seen[key] {
			return errors.New("a slice is there twice")
		}
		seen[key] = true
	}
	return nil
}

// parseSlice reads a TensorSliceProto: a message for each dimension, whose fields are
// start and length.
func parseSlice(raw []byte) ([]extent, error) {
	var list []extent
	nonsense := errors.New("a slice makes no sense")
	for len(raw) > 0 {
		_, kind, n := protowire.ConsumeTag(raw)
		if n < 0 || kind != protowire.BytesType {
			return nil, nonsense
		}
		field, m := protowire.ConsumeBytes(raw[n:])
		if m < 0 {
			return nil, nonsense
		}
		raw = raw[n+m:]
		e := extent{length: whole}
		for len(field) > 0 {
			number, kind, n := protowire.ConsumeTag(field)
			if n < 0 || kind != protowire.VarintType {
				return nil, nonsense
			}
			v, m := protowire.ConsumeVarint(field[n:])
			if m < 0 {
				return nil, nonsense
			}
			switch number {
			case 1:
				e.start = int64(v)
			case 2:
				e.length = int64(v)
			}
			field = field[n+m:]
		}
		if e.length == whole {
			e.start = 0
		}
		list = append(list, e)
	}
	return list, nil
}
