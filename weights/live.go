package weights

import (
	"fmt"

	"ndflow/eager"
	"ndflow/npy"
)

// liveSource is the variables of a model that is loaded.
type liveSource struct {
	infos
	model *eager.Model
}

// Of returns the variables of a loaded model, with the values that they have when they
// are read. Closing the source does nothing to the model.
func Of(m *eager.Model) Source { return &liveSource{infos: newInfos(variablesOf(m)), model: m} }

func variablesOf(m *eager.Model) []Info {
	var list []Info
	for _, v := range m.Variables() {
		list = append(list, Info{Name: v.Name, DType: v.DType, Shape: v.Shape})
	}
	return list
}

func (s *liveSource) Read(name string) (*npy.Array, error) {
	if _, err := s.find(name); err != nil {
		return nil, err
	}
	a, err := s.model.Value(name)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return a, nil
}

func (s *liveSource) Close() error { return nil }

// Assign sets the variables of a loaded model to the arrays of the same names, of which
// all have to fit: else none is set, and the error is a [*FitError]. It returns the names
// of the variables that stay as they are, as there is no array for them. Arrays are read
// one at a time; where one cannot be read, those before it are set.
func Assign(m *eager.Model, s Source) (kept []string, err error) {
	variables := variablesOf(m)
	kept, err = fit(variables, s.List())
	if err != nil {
		return nil, err
	}
	at := newInfos(variables).at
	for _, info := range s.List() {
		a, err := ReadAs(s, info.Name, variables[at[info.Name]].DType)
		if err != nil {
			return nil, err
		}
		err = m.Assign(info.Name, a)
		a.Release()
		if err != nil {
			return nil, fmt.Errorf("weights: %w", err)
		}
	}
	return kept, nil
}
