package weights

import (
	"fmt"
	"path/filepath"
	"strings"

	"ndflow/npy"
)

// npzSource is a .npz file.
type npzSource struct {
	infos
	npz *npy.NPZ
}

func openNPZ(path string) (Source, error) {
	z, err := npy.OpenNPZ(path)
	if err != nil {
		return nil, err
	}
	var list []Info
	for _, name := range z.Names() {
		h, err := z.Header(name)
		if err != nil {
			z.Close()
			return nil, err
		}
		list = append(list, Info{Name: name, DType: h.DType, Shape: h.Shape})
	}
	return &npzSource{infos: newInfos(list), npz: z}, nil
}

func (s *npzSource) Read(name string) (*npy.Array, error) { return s.read(name) }

func (s *npzSource) readAs(name string, dtype npy.DType) (*npy.Array, error) {
	return s.read(name, npy.As(dtype))
}

func (s *npzSource) read(name string, opts ...npy.Option) (*npy.Array, error) {
	if _, err := s.find(name); err != nil {
		return nil, err
	}
	a, err := s.npz.Read(name, opts...)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return a, nil
}

func (s *npzSource) blocks(name string) (*npy.Blocks, error) {
	if _, err := s.find(name); err != nil {
		return nil, err
	}
	b, err := s.npz.Blocks(name)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return b, nil
}

func (s *npzSource) Close() error { return s.npz.Close() }

// openNPY opens a .npy file as a source of one array.
func openNPY(path string) (Source, error) { return openParts([]string{path}) }

// arrayName is the name of the array in a .npy file.
func arrayName(path string) string { return strings.TrimSuffix(filepath.Base(path), ".npy") }
