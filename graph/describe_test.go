package graph_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ndflow/graph"
)

const models = "../testdata/models"

// TestDescribe has to agree with what the models' README.md says.
func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		model string
		want  string
	}{
		{"twotags", "[serve]: serving_default(x float32 [-1]) y float32 [-1]; " +
			"[serve gpu]: serving_default(x float32 [-1]) y float32 [-1]; "},
		{"notags", "[]: serving_default(x float32 [-1]) y float32 [-1]; "},
		{"counter", "[serve]: increment(by int64 []) count int64 []; read() count int64 []; reset() count int64 []; "},
		{"shapes", "[serve]: fixed(x float32 [2 3]) next float32 [2 3]; rows(x float32 [-1 3]) next float32 [-1 3]; " +
			"scalar(x float32 []) next float32 []; serving_default(x float32 of any shape) " +
			"next float32 of any shape rank int32 [] shape int64 [-1] total float32 []; "},
	} {
		t.Run(c.model, func(t *testing.T) {
			list, err := graph.Describe(filepath.Join(models, c.model))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, m := range list {
				fmt.Fprintf(&b, "%v: ", m.Tags)
				for _, s := range m.Signatures {
					fmt.Fprintf(&b, "%s(%s) %s; ", s.Name, words(s.Inputs), words(s.Outputs))
				}
				if m.Version == "" {
					t.Error("no version of TensorFlow")
				}
			}
			if got := b.String(); got != c.want {
				t.Errorf("have %s\nwant %s", got, c.want)
			}
		})
	}
}

func words(specs []graph.Spec) string {
	list := make([]string, len(specs))
	for i, s := range specs {
		list[i] = s.Name + " " + s.String()
	}
	return strings.Join(list, " ")
}

func TestDescribeRefuses(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join(models, "add", "saved_model.pb"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		content []byte // of saved_model.pb; nil for no file
		want    string
		noModel bool
	}{
		{"folder without a model", nil, "a SavedModel is a folder with a file saved_model.pb", true},
		{"empty file", []byte{}, "there is no graph in it", true},
		{"truncated file", whole[:len(whole)/2], "is damaged or no SavedModel", false},
		{"text", []byte("this is not a model"), "is damaged or no SavedModel", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.content != nil {
				if err := os.WriteFile(filepath.Join(dir, "saved_model.pb"), c.content, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			_, err := graph.Describe(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, graph.ErrNoModel) != c.noModel {
				t.Errorf("have %v, want %q, ErrNoModel %v", err, c.want, c.noModel)
			}
		})
	}
}
