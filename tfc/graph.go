package tfc

// #include <stdlib.h>
// #include "capi.h"
import "C"

import (
	"fmt"
	"iter"
	"runtime"
	"sync"
)

// Graph is a TF_Graph: operations and the edges between them. It is safe for
// concurrent use. A session keeps its graph alive.
type Graph struct {
	mu      sync.RWMutex // held for reading while C uses c
	c       *C.TF_Graph  // nil once closed
	cleanup runtime.Cleanup

	traitsMu sync.Mutex
	traits   map[string]opTraits // by op, as far as it was asked for
	bodies   map[string]body     // the functions of the library, likewise
}

// NewGraph returns an empty graph.
func NewGraph() (*Graph, error) {
	if err := ensure(); err != nil {
		return nil, err
	}
	g := &Graph{c: C.TF_NewGraph()}
	g.cleanup = runtime.AddCleanup(g, freeGraph, g.c)
	objects.Add("graph", 1)
	weigh(graphWeight)
	return g, nil
}

func freeGraph(c *C.TF_Graph) {
	C.TF_DeleteGraph(c)
	unweigh(graphWeight)
	objects.Add("graph", -1)
}

// Close gives the graph back. Its operations are empty afterwards: no name, no
// outputs. A session keeps what it needs of the graph.
func (g *Graph) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.c != nil {
		g.cleanup.Stop()
		freeGraph(g.c)
		g.c = nil
	}
}

// use calls f while the graph cannot be closed.
func (g *Graph) use(f func(*C.TF_Graph) error) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if g.c == nil {
		return fmt.Errorf("tfc: graph: %w", ErrClosed)
	}
	return f(g.c)
}

// Import adds the operations of a serialized GraphDef, their names preceded by
// prefix and a slash if it is not empty (TF_GraphImportGraphDef).
func (g *Graph) Import(def []byte, prefix string) error {
	cprefix, err := cName(prefix)
	if err != nil {
		return err
	}
	defer freeName(cprefix)
	opts := C.TF_NewImportGraphDefOptions()
	defer C.TF_DeleteImportGraphDefOptions(opts)
	if prefix != "" {
		C.TF_ImportGraphDefOptionsSetPrefix(opts, cprefix)
	}
	return g.use(func(c *C.TF_Graph) error {
		return status(func(s *C.TF_Status) {
			withBuffer(def, func(b *C.TF_Buffer) { C.TF_GraphImportGraphDef(c, b, opts, s) })
		})
	})
}

// GraphDef returns the graph as a serialized GraphDef (TF_GraphToGraphDef).
func (g *Graph) GraphDef() (def []byte, err error) {
	err = g.use(func(c *C.TF_Graph) error {
		def, err = fromBuffer(func(b *C.TF_Buffer) error {
			return status(func(s *C.TF_Status) { C.TF_GraphToGraphDef(c, b, s) })
		})
		return err
	})
	return def, err
}

// OpDef returns the definition of an op as a serialized OpDef
// (TF_GraphGetOpDef): of any op of the library, or of a function of the graph.
func (g *Graph) OpDef(op string) (def []byte, err error) {
	name, err := cName(op)
	if err != nil {
		return nil, err
	}
	defer freeName(name)
	err = g.use(func(c *C.TF_Graph) error {
		def, err = fromBuffer(func(b *C.TF_Buffer) error {
			return status(func(s *C.TF_Status) { C.TF_GraphGetOpDef(c, name, b, s) })
		})
		return err
	})
	return def, err
}

// Registered reports whether there is an op of that name, or a function in the graph.
func (g *Graph) Registered(op string) bool {
	_, err := g.OpDef(op)
	return err == nil
}

// Operation returns the operation with the given name
// (TF_GraphOperationByName); false where there is none, or no graph any more.
func (g *Graph) Operation(name string) (op Operation, ok bool) {
	cname, err := cName(name)
	if err != nil {
		return op, false
	}
	defer freeName(cname)
	g.use(func(c *C.TF_Graph) error {
		op = Operation{c: C.TF_GraphOperationByName(c, cname), g: g}
		return nil
	})
	return op, op.c != nil
}

// Operations walks all operations (TF_GraphNextOperation).
func (g *Graph) Operations() iter.Seq[Operation] {
	return func(yield func(Operation) bool) {
		var pos C.size_t
		for {
			var op Operation
			g.use(func(c *C.TF_Graph) error {
				op = Operation{c: C.TF_GraphNextOperation(c, &pos), g: g}
				return nil
			})
			if op.c == nil || !yield(op) {
				return
			}
		}
	}
}
