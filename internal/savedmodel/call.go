package savedmodel

import (
	"fmt"
	"strings"

	"ndflow/internal/tfpb"
)

// Calls adds calls of functions to a graph.
type Calls struct {
	g       *Graph
	objects *tfpb.SavedObjectGraph
	assets  []Asset
	library map[string]*tfpb.FunctionDef
	node    map[int32]string // of objects: the node that makes the handle or the value
	count   int
}

// Calls prepares the graph for calls of its functions. Assets are those of the model.
func (g *Graph) Calls(assets []Asset) (*Calls, error) {
	known, err := g.Objects(g.node)
	if err != nil {
		return nil, err
	}
	library, err := g.library()
	if err != nil {
		return nil, err
	}
	c := &Calls{g: g, objects: known.def, assets: assets, library: library, node: make(map[int32]string)}
	for node, id := range known.of {
		if have, ok := c.node[id]; !ok || node < have {
			c.node[id] = node
		}
	}
	return c, nil
}

// Call adds a call of a function, as signatures are called. It returns the tensors that it
// takes and makes, and the operation.
func (c *Calls) Call(o *Overload) (inputs, outputs []string, call string, err error) {
	n := &tfpb.NodeDef{Name: fmt.Sprintf("ndflow_function/%d", c.count), Op: "StatefulPartitionedCall"}
	c.count++
	var nodes []*tfpb.NodeDef
	var in, out []int32
	for i, arg := range o.def.GetSignature().GetInputArg() {
		in = append(in, arg.GetType())
		if i >= len(o.Inputs) {
			node, err := c.bound(o.bound[i-len(o.Inputs)])
			if err != nil {
				return nil, nil, "", err
			}
			n.Input = append(n.Input, node)
			continue
		}
		p := &tfpb.NodeDef{Name: fmt.Sprintf("%s/input_%d", n.GetName(), i), Op: "Placeholder", Attr: map[string]*tfpb.AttrValue{
			"dtype": {Value: &tfpb.AttrValue_Type{Type: arg.GetType()}},
			"shape": {Value: &tfpb.AttrValue_Shape{Shape: &tfpb.TensorShapeProto{UnknownRank: true}}},
		}}
		nodes = append(nodes, p)
		n.Input = append(n.Input, p.GetName())
		inputs = append(inputs, p.GetName()+":0")
	}
	for i, made := range o.def.GetSignature().GetOutputArg() {
		out = append(out, made.GetType())
		outputs = append(outputs, fmt.Sprintf("%s:%d", n.GetName(), i))
	}
	n.Attr = map[string]*tfpb.AttrValue{
		"f":    {Value: &tfpb.AttrValue_Func{Func: &tfpb.NameAttrList{Name: o.Name}}},
		"Tin":  typeList(in...),
		"Tout": typeList(out...),
	}
	c.g.add(append(nodes, n)...)
	return inputs, outputs, n.GetName(), nil
}

// bound returns the node that stands for an object.
func (c *Calls) bound(id int32) (string, error) {
	if node, ok := c.node[id]; ok {
		return node, nil
	}
	object := objectAt(c.objects, id)
	node := ""
	switch kind := object.GetKind().(type) {
	case *tfpb.SavedObject_Variable_:
		node = c.variable(kind.Variable)
	case *tfpb.SavedObject_Constant_:
		if c.g.Node(kind.Constant.GetOperation()) != nil {
			node = kind.Constant.GetOperation()
		}
	case *tfpb.SavedObject_Asset_:
		if i := int(kind.Asset.GetAssetFileDefIndex()); i >= 0 && i < len(c.assets) {
			n := constant(c.unused("ndflow_asset"), nil, c.assets[i].Path)
			c.g.add(n)
			node = n.GetName()
		}
	default:
		node = c.resource(object)
	}
	if node == "" {
		return "", fmt.Errorf("it needs an object that the model's graph does not make (number %d)", id)
	}
	c.node[id] = node
	return node, nil
}

// variable makes another handle of a variable, under its name, for the loader to restore.
func (c *Calls) variable(v *tfpb.SavedObject_Variable) string {
	name := c.unused(plainNode(v.GetName()))
	n := &tfpb.NodeDef{Name: name, Op: VariableOp, Attr: map[string]*tfpb.AttrValue{
		"dtype": {Value: &tfpb.AttrValue_Type{Type: v.GetDtype()}},
		"shape": {Value: &tfpb.AttrValue_Shape{Shape: v.GetShape()}},
	}}
	setString(n, "container", "")
	setString(n, "shared_name", "ndflow/"+name)
	c.g.add(n)
	return name
}

// resource finds the node that makes a table, say: it was made by the function that
// creates the object, so that it is like the node in there.
func (c *Calls) resource(object *tfpb.SavedObject) string {
	for _, child := range object.GetChildren() {
		if child.GetLocalName() != "_create_resource" {
			continue
		}
		for _, name := range objectAt(c.objects, child.GetNodeId()).GetFunction().GetConcreteFunctions() {
			for _, inside := range c.library[name].GetNodeDef() {
				if node := c.like(inside); node != "" {
					return node
				}
			}
		}
	}
	return ""
}

// like returns the node of the graph that makes the same resource as another, by its name.
func (c *Calls) like(other *tfpb.NodeDef) string {
	shared := other.GetAttr()["shared_name"].GetS()
	if len(shared) == 0 || len(other.GetInput()) > 0 {
		return ""
	}
	for _, n := range c.g.Def.GetNode() {
		if n.GetOp() == other.GetOp() && string(n.GetAttr()["shared_name"].GetS()) == string(shared) {
			return n.GetName()
		}
	}
	return ""
}

// unused is a name like the given one that no node has.
func (c *Calls) unused(name string) string {
	for i, stem := 1, name; c.g.node[name] != nil; i++ {
		name = fmt.Sprintf("%s_%d", stem, i)
	}
	return name
}

// plainNode makes a node's name of a variable's.
func plainNode(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 128 && (strings.ContainsRune("_./\\-", r) || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z') {
			return r
		}
		return '_'
	}, name)
	if plain == "" || strings.ContainsRune("_/\\-", rune(plain[0])) {
		plain = "variable" + plain
	}
	return plain
}
