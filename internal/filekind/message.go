package filekind

import (
	"google.golang.org/protobuf/encoding/protowire"
)

const metaRemedy = "the graph beside a checkpoint of TensorFlow 1, without its variables; 'ndflow weights CHECKPOINT' takes those out, and in Python, tf.compat.v1.train.import_meta_graph and saved_model.simple_save make a SavedModel of both"

// mostMessage is how large a file can be to be looked at as a message: it is read whole.
// Larger ones are left to those who read them, and look at what they have read.
const mostMessage = 64 << 20

// ofMessage looks whether data is one of the messages that models are saved in.
func ofMessage(data []byte) Kind {
	switch f := fieldsOf(data); {
	case f == nil:
		return Kind{}
	case isMetaGraph(f):
		return Kind{"a MetaGraphDef (.meta)", metaRemedy}
	case f.varint[1] && len(f.message[2]) > 0 && isMetaGraph(fieldsOf(f.message[2])):
		return Kind{"a SavedModel's file", "name the folder, in which this is the file saved_model.pb"}
	case f.varint[1] && len(f.message[7]) > 0 && len(f.message[8]) > 0 && len(f.message[1]) == 0:
		return Kind{"an ONNX model", "take the SavedModel that it was made from"}
	}
	return Kind{}
}

// isMetaGraph reports whether a message has, in field 2, a graph whose first part is a
// node. In a GraphDef that field has functions.
func isMetaGraph(f *fields) bool {
	if f == nil || len(f.message[2]) == 0 || f.varint[1] {
		return false
	}
	graph := fieldsOf(f.message[2])
	return graph != nil && isNode(graph.message[1])
}

// isNode reports whether a message is a NodeDef: a name and an op, both text.
func isNode(message []byte) bool {
	f := fieldsOf(message)
	return f != nil && len(f.message[1]) > 0 && len(f.message[2]) > 0 && isText(f.message[1]) && isText(f.message[2])
}

// fields are the first of each of a message's fields, as far as their numbers are small.
type fields struct {
	message [16][]byte
	varint  [16]bool
}

// fieldsOf returns nil for what is no message.
func fieldsOf(data []byte) *fields {
	f := new(fields)
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return nil
		}
		data = data[n:]
		if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
			return nil
		}
		if int(number) < len(f.message) {
			switch kind {
			case protowire.BytesType:
				if v, _ := protowire.ConsumeBytes(data); f.message[number] == nil {
					f.message[number] = v
				}
			case protowire.VarintType:
				f.varint[number] = true
			}
		}
		data = data[n:]
	}
	return f
}
