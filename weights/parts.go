package weights

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ndflow/npy"
)

// partPattern is how the file of a part is called: of array "w" number 3.
var partPattern = regexp.MustCompile(`^(.+)\.part(\d+)\.npy$`)

// partsOf lists the files of the parts of the array that would be at path.
func partsOf(path string) []string {
	whole := strings.TrimSuffix(path, ".npy")
	if found, _ := filepath.Glob(escape(whole) + ".part*.npy"); len(found) > 0 {
		return slices.DeleteFunc(found, func(f string) bool { return !partPattern.MatchString(filepath.Base(f)) })
	}
	return nil
}

// npySource is .npy files, each an array or a part of one.
type npySource struct {
	infos
	files [][]string // by array: the file, or those of its parts in their order
}

// openParts makes a source of .npy files.
func openParts(files []string) (Source, error) {
	groups := make(map[string][]string)
	var names []string
	for _, f := range files {
		name := arrayName(f)
		if m := partPattern.FindStringSubmatch(filepath.Base(f)); m != nil {
			name = m[1]
		}
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], f)
	}
	slices.Sort(names)
	s := new(npySource)
	var list []Info
	for _, name := range names {
		info, files, err := describeParts(name, groups[name])
		if err != nil {
			return nil, err
		}
		list, s.files = append(list, info), append(s.files, files)
	}
	s.infos = newInfos(list)
	return s, nil
}

// describeParts puts the parts of an array in order and says what they are together.
func describeParts(name string, files []string) (Info, []string, error) {
	if len(files) == 1 && !partPattern.MatchString(filepath.Base(files[0])) {
		h, err := npy.Stat(files[0])
		if err != nil {
			return Info{}, nil, err
		}
		return Info{Name: name, DType: h.DType, Shape: h.Shape}, files, nil
	}
	ordered := make([]string, len(files))
	for _, f := range files {
		m := partPattern.FindStringSubmatch(filepath.Base(f))
		if m == nil {
			return Info{}, nil, fmt.Errorf("%s: there are parts of this array too, such as %s: which are meant?", f, files[len(files)-1])
		}
		if i, err := strconv.Atoi(m[2]); err == nil && i < len(files) && ordered[i] == "" {
			ordered[i] = f
		}
	}
	if i := slices.Index(ordered, ""); i >= 0 {
		return Info{}, nil, fmt.Errorf("part %d of %q is missing: have %d files %s.part*.npy, want them from part0 without a gap",
			i, name, len(files), filepath.Join(filepath.Dir(files[0]), name))
	}
	var whole Info
	for i, f := range ordered {
		h, err := npy.Stat(f)
		if err != nil {
			return Info{}, nil, err
		}
		if i == 0 {
			whole = Info{Name: name, DType: h.DType, Shape: slices.Clone(h.Shape)}
			if len(h.Shape) > 0 {
				continue
			}
		}
		part := Info{DType: h.DType, Shape: h.Shape}
		if err := whole.grow(part); err != nil {
			return Info{}, nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	return whole, ordered, nil
}

// grow adds the rows of a part.
func (i *Info) grow(part Info) error {
	if part.DType != i.DType {
		return fmt.Errorf("%w: have %v, want %v as in the parts before", npy.ErrDType, part.DType, i.DType)
	}
	if len(part.Shape) == 0 || len(i.Shape) != len(part.Shape) || !slices.Equal(part.Shape[1:], i.Shape[1:]) {
		want := "at least one dimension"
		if len(i.Shape) > 0 {
			want = fmt.Sprintf("rows of shape %v", i.Shape[1:])
		}
		return fmt.Errorf("%w: have %v, want %s", npy.ErrShape, part.Shape, want)
	}
	i.Shape[0] += part.Shape[0]
	return nil
}

func (s *npySource) Read(name string) (*npy.Array, error) { return s.read(name) }

func (s *npySource) readAs(name string, dtype npy.DType) (*npy.Array, error) {
	return s.read(name, npy.As(dtype))
}

func (s *npySource) read(name string, opts ...npy.Option) (*npy.Array, error) {
	i, err := s.find(name)
	if err != nil {
		return nil, err
	}
	files := s.files[i]
	if len(files) == 1 {
		a, err := npy.Open(files[0], opts...)
		if err != nil {
			return nil, fmt.Errorf("weights: %w", err)
		}
		return a, nil
	}
	parts := make([]Part, len(files))
	for i, f := range files {
		if parts[i], err = FilePart(f, opts...); err != nil {
			return nil, err
		}
	}
	return Join(parts...)
}

func (s *npySource) blocks(name string) (*npy.Blocks, error) {
	i, err := s.find(name)
	if err != nil {
		return nil, err
	}
	if len(s.files[i]) > 1 {
		a, err := s.read(name)
		if err != nil {
			return nil, err
		}
		return a.Blocks(), nil
	}
	b, err := npy.OpenBlocks(s.files[i][0])
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return b, nil
}

func (s *npySource) Close() error { return nil }
