package main

import (
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"
)

// inUse are names that a function's parameters must leave alone: the function
// uses them.
var inUse = []string{"any", "bool", "float32", "int", "int64", "len", "nil", "npy", "ops", "opts", "out", "s", "string"}

// names gives the parameters of one function names of their own.
type names map[string]bool

func newNames() names {
	n := make(names)
	for _, name := range inUse {
		n[name] = true
	}
	return n
}

// lower returns a Go name for one of TensorFlow's, for a parameter: row_splits
// becomes rowSplits, type becomes type_.
func (n names) lower(name string) string {
	camel := upper(name)
	first, size := utf8.DecodeRuneInString(camel)
	name = string(unicode.ToLower(first)) + camel[size:]
	if rest, ok := strings.CutPrefix(camel, "DType"); ok {
		name = "dtype" + rest
	} else if camel == strings.ToUpper(camel) { // one letter, or an initialism
		name = strings.ToLower(camel)
	}
	for token.IsKeyword(name) || n[name] {
		name += "_"
	}
	n[name] = true
	return name
}

// upper returns a Go name for one of TensorFlow's, for a part of an exported one:
// transpose_a becomes TransposeA, dtype DType.
func upper(name string) string {
	var b strings.Builder
	for _, word := range strings.Split(name, "_") {
		if word == "" {
			continue
		}
		first, size := utf8.DecodeRuneInString(word)
		b.WriteString(string(unicode.ToUpper(first)) + word[size:])
	}
	s := b.String()
	if rest, ok := strings.CutPrefix(s, "Dtype"); ok {
		return "DType" + rest
	}
	return s
}
