package savedmodel

import (
	"strings"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/emptypb"
	"ndflow/internal/tfpb/tftext"
)

// binary is the binary form of a SavedModel's file in text form.
func binary(text []byte) ([]byte, error) {
	var file tftext.SavedModel
	options := prototext.UnmarshalOptions{DiscardUnknown: true, Resolver: resolver{protoregistry.GlobalTypes}}
	if err := options.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	return proto.Marshal(&file)
}

// resolver knows the messages that text can have in place of any message: TensorFlow 1
// has lists of assets so. Others are of no use here, and read as if they were empty.
type resolver struct{ *protoregistry.Types }

func (r resolver) FindMessageByURL(url string) (protoreflect.MessageType, error) {
	if strings.HasSuffix(url, "/tensorflow.AssetFileDef") {
		return (*tftext.AssetFileDef)(nil).ProtoReflect().Type(), nil
	}
	return (*emptypb.Empty)(nil).ProtoReflect().Type(), nil
}
