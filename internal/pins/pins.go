// Package pins finds the devices that the nodes of a graph ask for, and changes those that
// do not exist: a graph that was saved on another machine asks for that machine's.
package pins

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// Pin is a device that nodes ask for.
type Pin struct {
	Device string // as the graph has it
	Node   string // the first that asks for it
	Nodes  int    // how many do
}

// List is the pins of a graph, in the order of their first nodes.
type List []Pin

// Add counts nodes that ask for a device.
func (l *List) Add(p Pin) {
	if p.Device == "" {
		return
	}
	i := slices.IndexFunc(*l, func(q Pin) bool { return q.Device == p.Device })
	if i < 0 {
		*l = append(*l, p)
		return
	}
	(*l)[i].Nodes += p.Nodes
}

// Missing lists those pins that no device of the list, of full names, meets.
func (l List) Missing(devices []string) List {
	return slices.DeleteFunc(slices.Clone(l), func(p Pin) bool { return exists(p.Device, devices) })
}

// Move is how a device that a node asks for is changed.
type Move func(device string) string

// Local changes devices of another process into those of this one, and what is no
// device's name into none. Whether this process has the device is not asked.
func Local(device string) string {
	n, ok := parse(device)
	switch {
	case !ok:
		return ""
	case n.here():
		return device
	}
	return n.device()
}

// To changes devices that are not in the list, of full names: into those of the same
// kind and number in this process, and where there is none either, into none.
func To(devices []string) Move {
	return func(device string) string {
		if exists(device, devices) {
			return device
		}
		if local := Local(device); exists(local, devices) {
			return local
		}
		return ""
	}
}

// Graph returns a serialized GraphDef with the devices changed, its functions' too, and
// the pins that it had. What is not changed is shared with def. A nil move changes nothing.
func Graph(def []byte, move Move) ([]byte, List) {
	r := rewriter{move: move}
	return r.graph(def), r.found
}

// SavedModel is [Graph] for all graphs of a serialized SavedModel.
func SavedModel(file []byte, move Move) []byte {
	r := rewriter{move: move}
	return edit(file, 2, func(meta []byte) []byte { return edit(meta, 2, r.graph) })
}

// Function is [Graph] for a serialized FunctionDef.
func Function(def []byte, move Move) ([]byte, List) {
	r := rewriter{move: move}
	return r.function(def), r.found
}

type rewriter struct {
	move  Move
	found List
}

func (r *rewriter) graph(def []byte) []byte {
	def = edit(def, 1, r.node)
	return edit(def, 2, func(library []byte) []byte { return edit(library, 1, r.function) })
}

func (r *rewriter) function(def []byte) []byte { return edit(def, 3, r.node) }

func (r *rewriter) node(def []byte) []byte {
	name := ""
	edit(def, 1, func(v []byte) []byte { name = string(v); return v })
	return edit(def, 4, func(v []byte) []byte {
		device := string(v)
		r.found.Add(Pin{Device: device, Node: name, Nodes: 1})
		if r.move == nil {
			return v
		}
		if to := r.move(device); to != device {
			return []byte(to)
		}
		return v
	})
}

// edit returns a message with the values of a field changed, or the message itself where
// none is. What is no message is left as it is: others find that out.
func edit(message []byte, field protowire.Number, change func(value []byte) []byte) []byte {
	var out []byte // nil as long as nothing has changed
	done := 0      // of the message is in out
	for at := 0; at < len(message); {
		number, kind, n := protowire.ConsumeTag(message[at:])
		if n < 0 {
			return message
		}
		size := protowire.ConsumeFieldValue(number, kind, message[at+n:])
		if size < 0 {
			return message
		}
		if number == field && kind == protowire.BytesType {
			v, _ := protowire.ConsumeBytes(message[at+n:])
			if w := change(v); !same(v, w) {
				out = append(out, message[done:at]...)
				out = protowire.AppendTag(out, number, kind)
				out = protowire.AppendBytes(out, w)
				done = at + n + size
			}
		}
		at += n + size
	}
	if done == 0 {
		return message
	}
	return append(out, message[done:]...)
}

// same reports whether two slices are one.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func exists(device string, devices []string) bool {
	want, ok := parse(device)
	return ok && slices.ContainsFunc(devices, func(d string) bool {
		have, ok := parse(d)
		return ok && want.met(have)
	})
}

// name is a device's name in parts; a part that is empty or "*" stands for any.
type name struct{ job, replica, task, kind, number string }

// parse takes a device's name apart as TensorFlow does: "/job:a/replica:0/task:0/device:CPU:0",
// or some of these parts, and "/cpu:0" for "/device:CPU:0". The empty name is any device.
func parse(device string) (n name, ok bool) {
	if device == "" || device == "/" {
		return n, true
	}
	rest, ok := strings.CutPrefix(device, "/")
	if !ok {
		return n, false
	}
	for part := range strings.SplitSeq(rest, "/") {
		key, value, ok := strings.Cut(part, ":")
		if !ok || value == "" {
			return n, false
		}
		switch key {
		case "job":
			n.job, ok = value, isJob(value)
		case "replica":
			n.replica, ok = value, isNumber(value)
		case "task":
			n.task, ok = value, isNumber(value)
		case "device":
			n.kind, n.number, ok = strings.Cut(value, ":")
			ok = isKind(n.kind) && (!ok || isNumber(n.number))
		case "cpu", "CPU", "gpu", "GPU":
			n.kind, n.number, ok = strings.ToUpper(key), value, isNumber(value)
		default:
			return n, false
		}
		if !ok {
			return n, false
		}
	}
	return n, true
}

func isNumber(s string) bool {
	return s == "*" || len(s) < 10 && strings.Trim(s, "0123456789") == "" && s != ""
}

func isKind(s string) bool { return s == "*" || isWord(s) }

func isJob(s string) bool { return s == "*" || isWord(s) }

// isWord reports whether s is a letter, and letters, digits and underscores after it.
func isWord(s string) bool {
	for i, c := range []byte(s) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != ""
}

func anyOr(want, have string) bool { return want == "" || want == "*" || want == have }

// met reports whether a device is one that the name asks for.
func (n name) met(have name) bool {
	return anyOr(n.job, have.job) && anyOr(n.replica, have.replica) && anyOr(n.task, have.task) &&
		anyOr(strings.ToUpper(n.kind), strings.ToUpper(have.kind)) && anyOr(n.number, have.number)
}

// here reports whether the name can be that of a device of this process.
func (n name) here() bool {
	return anyOr(n.job, "localhost") && anyOr(n.replica, "0") && anyOr(n.task, "0")
}

// device is the name without the process.
func (n name) device() string {
	switch {
	case n.kind == "":
		return ""
	case n.number == "":
		return "/device:" + n.kind
	}
	return "/device:" + n.kind + ":" + n.number
}
