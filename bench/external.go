package bench

import (
	"fmt"
	"slices"
	"strings"
)

// ExternalPeer is a command that speaks the line protocol.
type ExternalPeer struct {
	Name    string
	Command string // for sh
}

// ParseExternalPeer reads "NAME=COMMAND".
func ParseExternalPeer(s string) (ExternalPeer, error) {
	name, command, ok := strings.Cut(s, "=")
	name, command = strings.TrimSpace(name), strings.TrimSpace(command)
	if !ok || name == "" || command == "" {
		return ExternalPeer{}, fmt.Errorf("bench: peer %q: want NAME=COMMAND", s)
	}
	if strings.Contains(name, ",") || slices.Contains(Kinds(), name) {
		return ExternalPeer{}, fmt.Errorf("bench: peer %q: a name has no comma and is none of %q", name, Kinds())
	}
	return ExternalPeer{Name: name, Command: command}, nil
}
