// Command ndflow runs TensorFlow models over array files, and shows what is in
// models and files. See "ndflow help".
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second one ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program but for what is the process's own.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var usage *usageError
	switch {
	case errors.Is(err, errSaid):
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "ndflow: %v\n%s\n", usage.err, usage.hint)
		return exitUsage
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "ndflow: interrupted")
	default:
		fmt.Fprintf(stderr, "ndflow: %s\n", plain(err))
	}
	return exitFailure
}

// errSaid ends the program with exitFailure when the output has said why.
var errSaid = errors.New("said already")

// usageError is for a command line that cannot be understood.
type usageError struct {
	err  error
	hint string // how to learn more
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// plain is an error's text without the names of our packages, which mean
// nothing to who runs a command, and with the node that TensorFlow names on a
// line of its own put at the end of the line.
func plain(err error) string {
	return without(strings.ReplaceAll(err.Error(), "\n\t [[", " [["),
		"graph", "map", "npy", "tfc", "eager", "cuda", "weights", "stat", "quant", "plot", "diff", "bench", "demo")
}

// without is an error's text without the names of packages.
func without(text string, rooms ...string) string {
	text = ": " + text
	for _, room := range rooms {
		text = strings.ReplaceAll(text, ": "+room+": ", ": ")
	}
	return strings.TrimPrefix(text, ": ")
}
