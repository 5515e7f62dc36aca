package savedmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"google.golang.org/protobuf/proto"
	"ndflow/internal/filekind"
	"ndflow/internal/tfpb"
)

// MainFile is the main file's name, as nearly all SavedModels have it.
const MainFile = "saved_model.pb"

// Other names that the main file can have: of its text form, and of the form in several
// chunks, which TensorFlow writes when asked to.
const (
	textFile   = "saved_model.pbtxt"
	chunksFile = "saved_model.cpb"
)

// mostBytes is what a main file can have: a message has no more.
const mostBytes = 1<<31 - 1

// IsMainFile reports whether a path is that of a SavedModel's main file, by its name.
func IsMainFile(path string) bool {
	switch filepath.Base(path) {
	case MainFile, textFile, chunksFile:
		return true
	}
	return false
}

// Folder is the folder of the SavedModel that path names: itself, or the one that the
// main file is in. Who names that file means the folder.
func Folder(path string) string {
	if info, err := os.Stat(path); IsMainFile(path) && (err != nil || !info.IsDir()) {
		return filepath.Dir(path)
	}
	return path
}

// Check looks for the main file, since TensorFlow's own message does not say
// what it looked for.
func Check(dir string) error {
	_, err := mainFile(dir)
	return err
}

// mainFile finds the main file, in the order in which TensorFlow looks for it.
func mainFile(dir string) (string, error) {
	switch info, err := os.Stat(dir); {
	case err != nil:
		return "", fmt.Errorf("%w: %w", ErrNoModel, err)
	case !info.IsDir():
		kind := filekind.OfFile(dir)
		if !kind.Known() {
			kind.What = "no folder, as a SavedModel is"
		}
		return "", fmt.Errorf("%s: %w: it is %v", dir, ErrNoModel, kind)
	}
	for _, name := range []string{MainFile, textFile} {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", fmt.Errorf("%w: %w", ErrNoModel, err)
		case !info.Mode().IsRegular():
			return "", fmt.Errorf("%s: %w: it is no regular file", path, ErrNoModel)
		case info.Size() > mostBytes:
			return "", fmt.Errorf("%s: %w: it has %d bytes, and a SavedModel's file no more than %d", path, ErrNoModel, info.Size(), mostBytes)
		}
		return path, nil
	}
	if _, err := os.Stat(filepath.Join(dir, chunksFile)); err == nil {
		return "", fmt.Errorf("%s: %w: the model is saved in chunks (%s), which are not read: save it without experimental_image_format", dir, errors.ErrUnsupported, chunksFile)
	}
	return "", fmt.Errorf("%s: %w: a SavedModel is a folder with a file %s or %s", dir, ErrNoModel, MainFile, textFile)
}

// Read reads the main file of the SavedModel in dir, which [Check] looks for. What these
// messages do not know of the graphs in it is kept.
func Read(dir string) (*tfpb.SavedModel, error) {
	path, err := mainFile(dir)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, textFile) {
		if raw, err = binary(raw); err != nil {
			return nil, fmt.Errorf("%s is %w or no SavedModel: %w", path, ErrDamaged, err)
		}
	}
	var file tfpb.SavedModel
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, &file); err != nil {
		return nil, fmt.Errorf("%s is %w or no SavedModel: %w", path, ErrDamaged, err)
	}
	if len(file.GetMetaGraphs()) == 0 {
		return nil, fmt.Errorf("%s: %w: there is no graph in it", path, ErrNoModel)
	}
	for _, meta := range file.GetMetaGraphs() {
		if err := CheckGraph(meta.GetGraphDef()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := checkSignatures(meta); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return &file, nil
}
