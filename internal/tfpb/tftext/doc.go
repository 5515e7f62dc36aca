// Package tftext has TensorFlow's protocol buffer messages in the form that reads a
// SavedModel's file which is text, under a proto package name of its own.
package tftext

//go:generate protoc -Indflow/internal/tfpb/tftext=. --go_out=. --go_opt=module=ndflow/internal/tfpb/tftext ndflow/internal/tfpb/tftext/tftext.proto
