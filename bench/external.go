package bench

import (
	"fmt"
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
	return ExternalPeer{Name: name, Command: command}, nil
}
