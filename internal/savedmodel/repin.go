package savedmodel

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"ndflow/internal/pins"
	"ndflow/internal/private"
)

// Repin makes a folder from which TensorFlow loads the SavedModel in dir with the devices
// changed that its nodes ask for. The checkpoint and the assets are not copied. The caller
// removes the folder once the model is loaded.
func Repin(dir string, move pins.Move) (*private.Folder, error) {
	path, err := mainFile(dir)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(path, textFile) {
		raw = repinText(raw, move)
	} else {
		raw = pins.SavedModel(raw, move)
	}
	return private.With(dir, filepath.Base(path), raw, []string{variablesFolder, assetsFolder})
}

// textDevice is a node's device in text form. No name of a device has a quote.
var textDevice = regexp.MustCompile(`\bdevice\s*:\s*"[^"\\\n]*"`)

func repinText(text []byte, move pins.Move) []byte {
	return textDevice.ReplaceAllFunc(text, func(field []byte) []byte {
		_, value, _ := strings.Cut(string(field), `"`)
		return []byte(`device: "` + move(strings.TrimSuffix(value, `"`)) + `"`)
	})
}
