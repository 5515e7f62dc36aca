package weights

import (
	"fmt"
	"slices"
	"strings"

	"ndflow/npy"
)

// FitError says which arrays do not fit the variables that they are to be the values of.
// It is [ErrFit] for errors.Is.
type FitError struct {
	Problems  []string // one for each array that does not fit, in the order of the source
	Variables []string // the names that there are, where one is not known
}

// mostShown is how many problems, and names, an error's text has.
const mostShown = 20

func (e *FitError) Error() string {
	text := fmt.Sprintf("weights: %v: %s", ErrFit, some(e.Problems, "; "))
	if len(e.Variables) > 0 {
		text += "; the variables are: " + some(e.Variables, ", ")
	}
	return text
}

// some joins the first of a list.
func some(list []string, between string) string {
	if len(list) <= mostShown {
		return strings.Join(list, between)
	}
	return fmt.Sprintf("%s%sand %d more", strings.Join(list[:mostShown], between), between, len(list)-mostShown)
}

// Is makes a FitError an [ErrFit].
func (e *FitError) Is(target error) bool { return target == ErrFit }

// fit checks that each array is of the dtype and shape of the variable of its name. It
// returns the names of the variables that stay as they are.
func fit(variables, arrays []Info) (kept []string, err error) {
	known := newInfos(variables)
	given := make(map[string]bool)
	e := new(FitError)
	for _, a := range arrays {
		i, ok := known.at[a.Name]
		if !ok {
			e.Problems = append(e.Problems, fmt.Sprintf("%q: no variable has this name", a.Name))
			if e.Variables == nil {
				e.Variables = names(variables)
			}
			continue
		}
		given[a.Name] = true
		v := variables[i]
		if a.DType != v.DType && !untold(a, v) || !fits(v.Shape, a.Shape) {
			e.Problems = append(e.Problems, fmt.Sprintf("%q: have %v, want %v", a.Name, a, v))
		}
	}
	if len(e.Problems) > 0 {
		return nil, e
	}
	if len(arrays) == 0 {
		return nil, &FitError{Problems: []string{"there are no arrays"}}
	}
	for _, v := range variables {
		if !given[v.Name] {
			kept = append(kept, v.Name)
		}
	}
	return kept, nil
}

// untold reports whether the array's file does not tell its dtype, which can be the
// variable's: NumPy's files do not tell the narrow floats apart.
func untold(array, variable Info) bool {
	return array.DType == npy.Invalid && variable.DType.Size() == 1
}

// fits reports whether an array's shape is one that a variable can have.
func fits(variable, array []int) bool {
	return variable == nil || slices.EqualFunc(variable, array, func(v, a int) bool { return v == a || v < 0 })
}

func names(list []Info) []string {
	s := make([]string, len(list))
	for i, info := range list {
		s[i] = info.Name
	}
	return s
}
