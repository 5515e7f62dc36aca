package tfpb

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// A program that also links Go code generated from TensorFlow's own protos
// registers their names and files; none of ours may be among them, or it would
// panic on start.
func TestNamesAreOurOwn(t *testing.T) {
	file := File_ndflow_internal_tfpb_tfpb_proto
	if !strings.HasPrefix(file.Path(), "ndflow/") {
		t.Errorf("the file registers as %q", file.Path())
	}
	messages := file.Messages()
	if messages.Len() == 0 {
		t.Fatal("there are no messages")
	}
	theirs := &descriptorpb.FileDescriptorProto{
		Name:    proto.String("tensorflow/core/protobuf/saved_model.proto"),
		Package: proto.String("tensorflow"),
	}
	for i := range messages.Len() {
		m := messages.Get(i)
		if m.FullName().Parent() != "ndflow.tfpb" {
			t.Errorf("message %s is not in our package", m.FullName())
		}
		theirs.MessageType = append(theirs.MessageType, &descriptorpb.DescriptorProto{Name: proto.String(string(m.Name()))})
	}
	// What the other program's package does when it starts.
	fd, err := protodesc.NewFile(theirs, nil)
	if err != nil {
		t.Fatal(err)
	}
	both := new(protoregistry.Files)
	for _, f := range []protoreflect.FileDescriptor{file, fd} {
		if err := both.RegisterFile(f); err != nil {
			t.Errorf("registered together: %v", err)
		}
	}
}

// Fields that are left out here must not make a file unreadable.
func TestUnknownFieldsAreSkipped(t *testing.T) {
	in := &MetaGraphDef{MetaInfoDef: &MetaGraphDef_MetaInfoDef{Tags: []string{"serve"}}}
	raw, err := proto.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	raw = append(raw, 0x12, 3, 'a', 'b', 'c') // field 2, the graph
	var out MetaGraphDef
	if err := (proto.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if tags := out.GetMetaInfoDef().GetTags(); len(tags) != 1 || tags[0] != "serve" {
		t.Errorf("tags are %v", tags)
	}
	if len(out.ProtoReflect().GetUnknown()) != 0 {
		t.Error("the graph is kept in memory")
	}
}
