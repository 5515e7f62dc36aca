package graph

import (
	"fmt"
	"slices"

	"ndflow/internal/pins"
	"ndflow/tfc"
)

// Moved are operations that do not run on the device that the graph puts them on, for there
// is no such device: those of functions included.
type Moved struct {
	Device     string // that they ask for, as the graph was saved
	Operation  string // the first
	Operations int    // how many
}

// String says it as a line of a log.
func (m Moved) String() string {
	if m.Operations == 1 {
		return fmt.Sprintf("operation %q asks for device %q, which does not exist", m.Operation, m.Device)
	}
	return fmt.Sprintf("%d operations, such as %q, ask for device %q, which does not exist", m.Operations, m.Operation, m.Device)
}

// Moved lists the devices that operations ask for and that the session does not have, in
// the graph as it was when the session was made. They run elsewhere: see
// [WithStrictPlacement].
func (s *Session) Moved() []Moved { return slices.Clone(s.moved) }

// Moved is [Session.Moved] for the model's session.
func (m *Model) Moved() []Moved { return m.session.Moved() }

// settle finds out which of the pins the devices do not meet. Strict makes that an error.
func settle(found pins.List, devices []tfc.Device, strict bool) ([]Moved, error) {
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = d.Name
	}
	var moved []Moved
	for _, p := range found.Missing(names) {
		if strict {
			return nil, fmt.Errorf("operation %q: %w", p.Node, &NameError{Kind: "device", Name: p.Device, Have: names})
		}
		moved = append(moved, Moved{Device: p.Device, Operation: p.Node, Operations: p.Nodes})
	}
	return moved, nil
}

// strictDevices looks, before a model is loaded, whether its sessions will have the devices
// that it asks for, since TensorFlow finds out in the middle of restoring.
func strictDevices(found pins.List, o tfc.SessionOptions) error {
	if len(found) == 0 {
		return nil
	}
	g, err := tfc.NewGraph()
	if err != nil {
		return err
	}
	defer g.Close()
	s, err := tfc.NewSession(g, o)
	if err != nil {
		return err
	}
	defer s.Close()
	devices, err := s.Devices()
	if err != nil {
		return err
	}
	_, err = settle(found, devices, true)
	return err
}

// settle is settle for what the session's graph asks for.
func (s *Session) settle(found pins.List, strict bool) error {
	if len(found) == 0 {
		return nil
	}
	devices, err := s.c.Devices()
	if err != nil {
		return fmt.Errorf("graph: %w", err)
	}
	s.moved, err = settle(found, devices, strict)
	return err
}
