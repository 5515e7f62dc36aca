// Package filekind tells what a file is that a reader cannot take, by its bytes: the
// formats that people have models and arrays in, and confuse with others.
package filekind

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Kind is what a file is.
type Kind struct {
	What   string // "an HDF5 file"; empty where it is not known
	Remedy string // what would work, or empty
}

// Known reports whether the file was recognized.
func (k Kind) Known() bool { return k.What != "" }

// String is the kind, with what would work.
func (k Kind) String() string {
	if k.Remedy == "" {
		return k.What
	}
	return k.What + ": " + k.Remedy
}

// The kinds that readers of arrays take.
var (
	NPY = Kind{"a NumPy array", "its name must end in .npy"}
	NPZ = Kind{"an archive of arrays", "its name must end in .npz"}
)

const (
	export   = `in Python, keras.models.load_model(FILE).export(FOLDER) makes a SavedModel of it`
	headSize = 4096
)

// magics are what files begin with.
var magics = []struct {
	at    int
	bytes string
	kind  Kind
}{
	{0, "\x89HDF\r\n\x1a\n", Kind{"an HDF5 file, as Keras saves models (.h5) and weights", export}},
	{4, "TFL3", Kind{"a TensorFlow Lite model", "TensorFlow itself does not run these; take the SavedModel that it was made from"}},
	{0, "\x93NUMPY", NPY},
	{0, "PAR1", Kind{"a Parquet file", "its name must end in .parquet"}},
	{0, "ARROW1", Kind{"an Arrow file", "its name must end in .arrow"}},
	{0, "\x1f\x8b", Kind{"a gzip file", "unpack it first"}},
	{0, "\x28\xb5\x2f\xfd", Kind{"a zstd file", "unpack it first"}},
	{0, "BZh", Kind{"a bzip2 file", "unpack it first"}},
	{0, "\xfd7zXZ\x00", Kind{"an xz file", "unpack it first"}},
	{257, "ustar", Kind{"a tar archive", "unpack it first"}},
	{0, "\x7fELF", Kind{"a program or a library", ""}},
	{0, "\x80\x02", pickle}, {0, "\x80\x03", pickle}, {0, "\x80\x04", pickle}, {0, "\x80\x05", pickle},
	{8, `{"`, Kind{"a safetensors file", "its name must end in .safetensors"}},
}

var pickle = Kind{"a pickle of Python's", "load it there, and save arrays (numpy.savez) or a SavedModel"}

// OfFile tells what the file at path is.
func OfFile(path string) Kind {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return Kind{}
	}
	f, err := os.Open(path)
	if err != nil {
		return Kind{}
	}
	defer f.Close()
	return Of(f, info.Size())
}

// OfBytes tells what data is that has been read from a file.
func OfBytes(data []byte) Kind {
	if k := ofParts(bytes.NewReader(data), int64(len(data))); k.Known() {
		return k
	}
	return ofMessage(data)
}

// Of tells what a file of the given size is.
func Of(r io.ReaderAt, size int64) Kind {
	k := ofParts(r, size)
	if k.Known() || size == 0 || size >= mostMessage {
		return k
	}
	data := make([]byte, size)
	if _, err := r.ReadAt(data, 0); err != nil && err != io.EOF {
		return Kind{}
	}
	return ofMessage(data)
}

// ofParts goes by the front and the end of a file, and by the list of an archive.
func ofParts(r io.ReaderAt, size int64) Kind {
	head := make([]byte, min(size, headSize))
	n, err := r.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return Kind{}
	}
	head = head[:n]
	for _, m := range magics {
		if len(head) >= m.at+len(m.bytes) && string(head[m.at:m.at+len(m.bytes)]) == m.bytes {
			return m.kind
		}
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return ofArchive(r, size)
	case isCheckpointIndex(r, size):
		return Kind{"the index of a checkpoint", "name the checkpoint by its path without .index; 'ndflow weights' lists what is in it"}
	case len(head) > 0 && isText(head):
		return ofText(head)
	}
	return Kind{}
}

// ofArchive looks into a zip archive.
func ofArchive(r io.ReaderAt, size int64) Kind {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return Kind{"a zip archive that is damaged", ""}
	}
	has := make(map[string]bool)
	for _, f := range archive.File {
		name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
		has[name] = true
		if strings.HasSuffix(name, ".npy") {
			return NPZ
		}
	}
	switch {
	case has["config.json"] && has["metadata.json"]:
		return Kind{"a Keras archive (.keras)", export}
	case has["saved_model.pb"] || has["saved_model.pbtxt"]:
		return Kind{"a zip archive with a SavedModel in it", "unpack it, or open it with graph.LoadFS"}
	case has["data.pkl"]:
		return Kind{"a model or weights of PyTorch", "save arrays (numpy.savez) there"}
	}
	return Kind{"a zip archive with no arrays (.npy) in it", "unpack it first"}
}

// tableMagic ends an index, which is a table in LevelDB's format.
const tableMagic = 0xdb4775248b80fb57

func isCheckpointIndex(r io.ReaderAt, size int64) bool {
	var end [8]byte
	if size < int64(len(end)) {
		return false
	}
	_, err := r.ReadAt(end[:], size-int64(len(end)))
	return (err == nil || err == io.EOF) && binary.LittleEndian.Uint64(end[:]) == tableMagic
}

// isText reports whether bytes are the front of a text.
func isText(head []byte) bool {
	for i := 0; i < utf8.UTFMax-1 && !utf8.Valid(head) && len(head) > utf8.UTFMax; i++ {
		head = head[:len(head)-1] // a character that is cut off
	}
	control := func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\n\r\f", r) || r == 0x7f }
	return utf8.Valid(head) && !bytes.ContainsFunc(head, control)
}

// textFields is how the text forms of TensorFlow's messages begin, after comments.
var textFields = regexp.MustCompile(`^(?:\s*#[^\n]*\n)*\s*(\w+)\s*[:{]`)

func ofText(head []byte) Kind {
	if m := textFields.FindSubmatch(head); m != nil {
		switch string(m[1]) {
		case "node", "library", "versions", "version":
			return Kind{"a GraphDef in text form", "write it in binary form: tf.io.write_graph(GRAPH, FOLDER, NAME, as_text=False)"}
		case "saved_model_schema_version", "meta_graphs":
			return Kind{"a SavedModel's file in text form", "name the folder, in which this is the file saved_model.pbtxt"}
		case "meta_info_def", "graph_def", "saver_def", "collection_def":
			return Kind{"a MetaGraphDef in text form", metaRemedy}
		case "model_checkpoint_path":
			return Kind{`the file "checkpoint", which names the newest checkpoint of a folder`, "name the folder, or the checkpoint itself"}
		}
	}
	if head[0] == '{' && bytes.Contains(head, []byte(`"modelTopology"`)) {
		return Kind{"a model of TensorFlow.js", "take the SavedModel that it was made from"}
	}
	return Kind{"a text file", ""}
}
