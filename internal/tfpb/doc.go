// Package tfpb has the few of TensorFlow's protocol buffer messages that
// ndflow reads or writes, under a proto package name of its own.
package tfpb

//go:generate protoc -Indflow/internal/tfpb=. --go_out=. --go_opt=module=ndflow/internal/tfpb ndflow/internal/tfpb/tfpb.proto
