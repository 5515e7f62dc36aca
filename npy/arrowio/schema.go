package arrowio

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"

	"ndflow/npy"
	"ndflow/npy/table"
)

// schema is what the columns of an Arrow schema are here.
type schema struct {
	columns []table.Column
	tensors [][]int // the shape of a row, where only the field's metadata says it
	open    []bool  // lists of whatever length: the first batch says it
	errs    []error // why npy cannot hold the column
}

func schemaOf(arrowSchema *arrow.Schema) *schema {
	n := arrowSchema.NumFields()
	s := &schema{make([]table.Column, n), make([][]int, n), make([]bool, n), make([]error, n)}
	for i, f := range arrowSchema.Fields() {
		s.columns[i] = table.Column{Name: f.Name}
		s.errs[i] = s.field(i, f)
	}
	return s
}

func (s *schema) field(i int, f arrow.Field) error {
	c, t := &s.columns[i], f.Type
	if name, ok := f.Metadata.GetValue(nameKey); ok && name == tensorName {
		metadata, _ := f.Metadata.GetValue(metadataKey)
		shape, err := tensorShape(t, metadata)
		if err != nil {
			return err
		}
		t, s.tensors[i], c.Shape = t.(*arrow.FixedSizeListType).Elem(), shape, slices.Clone(shape)
	}
	for {
		switch list := t.(type) {
		case arrow.ExtensionType:
			t = list.StorageType()
			if list.ExtensionName() == tensorName {
				shape, err := tensorShape(t, list.Serialize())
				if err != nil {
					return err
				}
				t, c.Shape = t.(*arrow.FixedSizeListType).Elem(), append(c.Shape, shape...)
			}
			continue
		case *arrow.FixedSizeListType:
			c.Shape, t = append(c.Shape, int(list.Len())), list.Elem()
			continue
		case *arrow.ListType:
			c.Shape, t, s.open[i] = append(c.Shape, 0), list.Elem(), true
			continue
		case *arrow.LargeListType:
			c.Shape, t, s.open[i] = append(c.Shape, 0), list.Elem(), true
			continue
		case *arrow.DictionaryType:
			t = list.ValueType
			continue
		}
		break
	}
	switch t.ID() {
	case arrow.BOOL:
		c.DType = npy.Bool
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW, arrow.BINARY, arrow.LARGE_BINARY, arrow.BINARY_VIEW, arrow.FIXED_SIZE_BINARY:
		c.DType = npy.String
	default:
		if c.DType = numbers[t.ID()]; c.DType == npy.Invalid {
			return noDType(t)
		}
	}
	return nil
}

// pick returns the places of the columns of those names, or of all.
func (s *schema) pick(names []string) ([]int, error) {
	picked, err := table.Pick(s.columns, names)
	if err != nil {
		return nil, err
	}
	for _, i := range picked {
		if err := s.errs[i]; err != nil {
			if len(names) == 0 {
				return nil, fmt.Errorf("column %q: %w; the option Columns reads the others", s.columns[i].Name, err)
			}
			return nil, fmt.Errorf("column %q: %w", s.columns[i].Name, err)
		}
	}
	return picked, nil
}
