package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// npyFile puts a .npy file together from any header text and data.
func npyFile(major byte, dict string, data []byte) []byte {
	b := []byte(magic + string(major) + "\x00")
	if major == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(dict)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(dict)))
	}
	return append(append(b, dict...), data...)
}

func dictOf(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape)
}

// hostileFiles are files that must be refused, and the errors they must get.
var hostileFiles = []struct {
	name string
	file []byte
	want []error
}{
	{"empty", nil, []error{io.EOF}},
	{"magic cut short", []byte("\x93NUM"), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"no length", []byte(magic + "\x01\x00"), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"half a length", []byte(magic + "\x02\x00\x10\x00"), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"another format", []byte("PK\x03\x04 and so on and on"), []error{ErrFormat}},
	{"version 0", npyFile(0, dictOf("'<f4'", "False", "(1,)"), make([]byte, 4)), []error{ErrFormat}},
	{"version 4", npyFile(4, dictOf("'<f4'", "False", "(1,)"), make([]byte, 4)), []error{ErrFormat}},
	{"version 1.1", []byte(magic + "\x01\x01\x02\x00{}"), []error{ErrFormat}},
	{"header longer than the file", []byte(magic + "\x01\x00\xff\xff{'descr': "), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"header of 4 GB", []byte(magic + "\x02\x00\xff\xff\xff\xff{"), []error{ErrFormat}},
	{"header of 2 MB that is there", npyFile(2, dictOf("'<f4'", "False", "(1,)")+strings.Repeat(" ", 2<<20), nil), []error{ErrFormat}},
	{"header length of zero", npyFile(1, "", nil), []error{ErrFormat}},
	{"header length cuts the dictionary", npyFile(1, "{'descr': '<f4', 'fortran_order': Fal", make([]byte, 64)), []error{ErrFormat}},
	{"no dictionary", npyFile(1, "('<f4', False, (1,))\n", nil), []error{ErrFormat}},
	{"two dictionaries", npyFile(1, dictOf("'<f4'", "False", "(1,)")+"{}", nil), []error{ErrFormat}},
	{"junk after the dictionary", npyFile(1, dictOf("'<f4'", "False", "(1,)")+" import os", nil), []error{ErrFormat}},
	{"NUL after the dictionary", npyFile(1, dictOf("'<f4'", "False", "(1,)")+"\x00", nil), []error{ErrFormat}},
	{"empty dictionary", npyFile(1, "{}\n", nil), []error{ErrFormat}},
	{"no descr", npyFile(1, "{'fortran_order': False, 'shape': (1,)}\n", nil), []error{ErrFormat}},
	{"no fortran_order", npyFile(1, "{'descr': '<f4', 'shape': (1,)}\n", nil), []error{ErrFormat}},
	{"no shape", npyFile(1, "{'descr': '<f4', 'fortran_order': False}\n", nil), []error{ErrFormat}},
	{"shape twice", npyFile(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (9,)}\n", nil), []error{ErrFormat}},
	{"a fourth key", npyFile(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}\n", nil), []error{ErrFormat}},
	{"key that is no string", npyFile(1, "{1: '<f4'}\n", nil), []error{ErrFormat}},
	{"no colon", npyFile(1, "{'descr' '<f4'}\n", nil), []error{ErrFormat}},
	{"no comma", npyFile(1, "{'descr': '<f4' 'fortran_order': False}\n", nil), []error{ErrFormat}},
	{"string without end", npyFile(1, "{'descr': '<f4", nil), []error{ErrFormat}},
	{"string with an escape at its end", npyFile(1, "{'descr': '<f4\\", nil), []error{ErrFormat}},
	{"call in the header", npyFile(1, dictOf("__import__('os')", "False", "(1,)"), nil), []error{ErrFormat}},
	{"fortran_order is a number", npyFile(1, dictOf("'<f4'", "0", "(1,)"), nil), []error{ErrFormat}},
	{"fortran_order is a string", npyFile(1, dictOf("'<f4'", "'False'", "(1,)"), nil), []error{ErrFormat}},
	{"bytes that are not ASCII", npyFile(1, dictOf("'<f4'", "False", "(1,)")+"\xe9", nil), []error{ErrFormat}},
	{"version 3 that is not UTF-8", npyFile(3, dictOf("'<f4\xe9'", "False", "(1,)"), nil), []error{ErrFormat}},
	{"shape is a number", npyFile(1, dictOf("'<f4'", "False", "(3)"), nil), []error{ErrFormat}},
	{"shape is a list", npyFile(1, dictOf("'<f4'", "False", "[3]"), nil), []error{ErrFormat}},
	{"shape with a comma only", npyFile(1, dictOf("'<f4'", "False", "(,)"), nil), []error{ErrFormat}},
	{"shape with two commas", npyFile(1, dictOf("'<f4'", "False", "(1,,2)"), nil), []error{ErrFormat}},
	{"shape of floats", npyFile(1, dictOf("'<f4'", "False", "(3.0,)"), nil), []error{ErrFormat}},
	{"shape of names", npyFile(1, dictOf("'<f4'", "False", "(True,)"), nil), []error{ErrFormat}},
	{"shape in another", npyFile(1, dictOf("'<f4'", "False", "((3,),)"), nil), []error{ErrFormat}},
	{"shape in a hundred thousand others", npyFile(2, dictOf("'<f4'", "False", strings.Repeat("(", 100_000)), nil), []error{ErrFormat}},
	{"shape of an octal", npyFile(1, dictOf("'<f4'", "False", "(010,)"), nil), []error{ErrFormat}},
	{"negative dimension", npyFile(1, dictOf("'<f4'", "False", "(-1,)"), nil), []error{ErrFormat, ErrShape}},
	{"minus alone", npyFile(1, dictOf("'<f4'", "False", "(-,)"), nil), []error{ErrFormat}},
	{"two negative dimensions", npyFile(1, dictOf("'<f4'", "False", "(-2, -2)"), make([]byte, 16)), []error{ErrFormat, ErrShape}},
	{"dimension past int64", npyFile(1, dictOf("'<f4'", "False", "(9223372036854775808,)"), nil), []error{ErrFormat, ErrShape}},
	{"dimension of 10000 digits", npyFile(1, dictOf("'<f4'", "False", "("+strings.Repeat("9", 10_000)+",)"), nil), []error{ErrFormat, ErrShape}},
	{"product wraps to zero", npyFile(1, dictOf("'<f4'", "False", "(4294967296, 4294967296)"), nil), []error{ErrFormat, ErrShape}},
	{"product wraps behind a zero", npyFile(1, dictOf("'<f4'", "False", "(0, 4294967296, 4294967296)"), nil), []error{ErrFormat, ErrShape}},
	{"bytes wrap", npyFile(1, dictOf("'<f8'", "False", "(2305843009213693952,)"), nil), []error{ErrFormat, ErrShape}},
	{"65 dimensions", npyFile(1, dictOf("'<f4'", "False", "("+strings.Repeat("1, ", 65)+")"), make([]byte, 4)), []error{ErrFormat, ErrShape}},
	{"no data", npyFile(1, dictOf("'<f4'", "False", "(3,)"), nil), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"one byte too few", npyFile(1, dictOf("'<f4'", "False", "(3,)"), make([]byte, 11)), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims 1 TB", npyFile(1, dictOf("'<f4'", "False", "(256, 1024, 1024, 1024)"), make([]byte, 100)), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims all there is", npyFile(1, dictOf("'|u1'", "False", "(9223372036854775743,)"), make([]byte, 100)), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims 1 TB column by column", npyFile(1, dictOf("'<f4'", "True", "(256, 1073741824)"), make([]byte, 100)), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims a string of 1 TB", npyFile(1, dictOf("'|S1099511627776'", "False", "(1,)"), make([]byte, 100)), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"claims 2^60 empty strings", npyFile(1, dictOf("'|S0'", "False", "(1152921504606846976,)"), nil), []error{ErrFormat}},
	{"claims 2^60 voids of nothing", npyFile(1, dictOf("'|V0'", "False", "(1152921504606846976,)"), nil), []error{ErrDType}},
	{"U wider than memory", npyFile(1, dictOf("'<U9223372036854775807'", "False", "(1,)"), nil), []error{ErrDType}},
	{"U with a surrogate", npyFile(1, dictOf("'<U1'", "False", "(1,)"), []byte{0, 0xd8, 0, 0}), []error{ErrFormat}},
	{"U beyond Unicode", npyFile(1, dictOf("'<U1'", "False", "(1,)"), []byte{0, 0, 0x11, 0}), []error{ErrFormat}},
	{"structured dtype", npyFile(1, dictOf("[('a', '<i4'), ('b', '<f8', (2, 3))]", "False", "(1,)"), make([]byte, 64)), []error{ErrDType}},
	{"structured dtype that does not close", npyFile(1, dictOf("[('a', '<i4'", "False", "(1,)"), nil), []error{ErrFormat}},
	{"structured dtype that closes twice", npyFile(1, dictOf("[('a', '<i4'])]", "False", "(1,)"), nil), []error{ErrFormat}},
	{"structured dtype of 100000 levels", npyFile(2, dictOf(strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000), "False", "(1,)"), nil), []error{ErrDType}},
	{"datetime", npyFile(1, dictOf("'<M8[ns]'", "False", "(1,)"), make([]byte, 8)), []error{ErrDType}},
	{"timedelta", npyFile(1, dictOf("'<m8[s]'", "False", "(1,)"), make([]byte, 8)), []error{ErrDType}},
	{"long double", npyFile(1, dictOf("'<f16'", "False", "(1,)"), make([]byte, 16)), []error{ErrDType}},
	{"void of a byte", npyFile(1, dictOf("'<V1'", "False", "(1,)"), make([]byte, 1)), []error{ErrDType}},
	{"NumPy's own void", npyFile(1, dictOf("'|V2'", "False", "(1,)"), make([]byte, 2)), []error{ErrDType}},
	{"empty descr", npyFile(1, dictOf("''", "False", "(1,)"), nil), []error{ErrDType}},
	{"descr of a byte order", npyFile(1, dictOf("'<'", "False", "(1,)"), nil), []error{ErrDType}},
	{"descr with a minus", npyFile(1, dictOf("'|S-1'", "False", "(1,)"), nil), []error{ErrDType}},
	{"descr of None", npyFile(1, dictOf("None", "False", "(1,)"), nil), []error{ErrFormat}},
	{"objects with no pickle", npyFile(1, dictOf("'|O'", "False", "(1,)"), nil), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"pickle that runs a command", objects("cos\nsystem\n(S'true'\ntR."), []error{ErrDType}},
	{"pickle that runs a command, protocol 4", objects("\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R."), []error{ErrDType}},
	{"pickle that evaluates", objects("c__builtin__\neval\n(S'1'\ntR."), []error{ErrDType}},
	{"pickle that makes an object", objects("c__builtin__\nobject\n)\x81."), []error{ErrDType}},
	{"pickle of a string of 2^63", objects("\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"), []error{ErrFormat, io.ErrUnexpectedEOF}},
	{"pickle of a frame of 2^63", objects("\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f."), []error{ErrFormat}},
	{"pickle of an array of 2^63", objects("\x80\x05\x96\xff\xff\xff\xff\xff\xff\xff\x7f."), []error{ErrDType}},
	{"pickle with nothing on the stack", objects("R."), []error{ErrFormat}},
	{"pickle that pops below its mark", objects("](R."), []error{ErrFormat}},
	{"pickle without a mark", objects("t."), []error{ErrFormat}},
	{"pickle of nothing", objects("."), []error{ErrFormat}},
	{"pickle of a list in itself", objects("]\x94h\x00a."), []error{ErrFormat}},
	{"pickle of None", objects("N."), []error{ErrFormat}},
	{"pickle of an array without state", objects("cnumpy.core.multiarray\n_reconstruct\n)R."), []error{ErrFormat}},
	{"pickle of numbers", objects("cnumpy.core.multiarray\n_reconstruct\n)R(NNNN](K\x01ettb."), []error{ErrFormat}},
	{"pickle of an array of numbers", objects("cnumpy.core.multiarray\n_reconstruct\n)R(NNNN](K\x01etb."), []error{ErrDType}},
	{"pickle of two elements where the header has one", objects("cnumpy.core.multiarray\n_reconstruct\n)R(NNNN](Va\nVb\netb."), []error{ErrFormat, ErrShape}},
	{"pickle of a broken escape", objects("V\\ud800\n."), []error{ErrFormat}},
	{"pickle that asks the memo", objects("g123456789\n."), []error{ErrFormat}},
	{"pickle with a huge place in the memo", objects("Np99999999999999999999999\n."), []error{ErrFormat}},
}

func objects(pickle string) []byte {
	return npyFile(1, dictOf("'|O'", "False", "(1,)"), []byte(pickle))
}

func TestHostileFilesAreErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	for _, c := range hostileFiles {
		t.Run(c.name, func(t *testing.T) {
			check := func(way string, a *Array, err error) {
				t.Helper()
				if err == nil {
					t.Fatalf("%s: have %v %v, want an error", way, a.DType(), a.Shape())
				}
				for _, want := range c.want {
					if want == io.EOF && way != "Read" {
						want = io.ErrUnexpectedEOF // an empty file ends too early
					}
					if !errors.Is(err, want) {
						t.Errorf("%s: have %q, want %q", way, err, want)
					}
				}
				if !strings.HasPrefix(err.Error(), "npy: ") || strings.Count(err.Error(), "npy: ") > 1 || len(err.Error()) > 500 {
					t.Errorf("%s: have the message %q", way, err)
				}
			}
			before := allocated()
			a, err := Read(bytes.NewReader(c.file))
			check("Read", a, err)
			a, err = Read(struct{ io.Reader }{bytes.NewReader(c.file)})
			check("Read", a, err)
			if err := os.WriteFile(path, c.file, 0o666); err != nil {
				t.Fatal(err)
			}
			a, err = ReadFile(path)
			check("ReadFile", a, err)
			a, err = Open(path)
			check("Open", a, err)
			b, err := OpenBlocks(path)
			a = nil
			if err == nil {
				a, err = b.Array() // what is wrong with strings is seen when they are read
			}
			check("OpenBlocks", a, err)
			if have := allocated() - before; have > 16<<20 {
				t.Errorf("allocated %d bytes for a file of %d", have, len(c.file))
			}
		})
	}
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// TestUnusualFilesAreRead has files that NumPy would not write but reads.
func TestUnusualFilesAreRead(t *testing.T) {
	one := []byte{0, 0, 0x80, 0x3f}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"keys in another order", npyFile(1, "{'shape': (1,), 'descr': '<f4', 'fortran_order': False}", one), "[1.]"},
		{"double quotes, no spaces, no newline", npyFile(1, `{"descr":"<f4","fortran_order":False,"shape":(1,)}`, one), "[1.]"},
		{"lines and tabs", npyFile(1, "{\n'descr':\t'<f4',\n'fortran_order': False, 'shape': (1,)\n}\n", one), "[1.]"},
		{"Python 2's long integers", npyFile(1, dictOf("'<f4'", "False", "(1L, 1L)"), one), "[[1.]]"},
		{"no byte order", npyFile(1, dictOf("'f4'", "False", "(1,)"), one), "[1.]"},
		{"native byte order", npyFile(1, dictOf("'=f4'", "False", "(1,)"), one), "[1.]"},
		{"no padding", npyFile(1, "{'descr':'<f4','fortran_order':False,'shape':()}", one), "1.0"},
		{"padded to 1 MB", npyFile(2, dictOf("'<f4'", "False", "()")+strings.Repeat(" ", 1e6), one), "1.0"},
		{"bytes after the data", npyFile(1, dictOf("'<f4'", "False", "(1,)"), append(one, "trailing"...)), "[1.]"},
		{"bools that are neither 0 nor 1", npyFile(1, dictOf("'|b1'", "False", "(3,)"), []byte{0, 1, 200}), "[False  True  True]"},
		{"no strings of no bytes", npyFile(1, dictOf("'|S0'", "False", "(0,)"), nil), "[]"},
		{"ml_dtypes' float8_e5m2", npyFile(1, dictOf("'<f1'", "False", "(2,)"), []byte{0x3c, 0x40}), "[1 2]"},
		{"a pickle in pieces", objects("cnumpy.core.multiarray\n_reconstruct\n)R(NNNN](Va\\u00e9\netb."), "['aé']"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Read(bytes.NewReader(c.file))
			if err != nil || a.String() != c.want {
				t.Errorf("have %v, %v, want %v", a, err, c.want)
			}
			path := filepath.Join(t.TempDir(), "x.npy")
			if err := os.WriteFile(path, c.file, 0o666); err != nil {
				t.Fatal(err)
			}
			a, err = Open(path)
			if err != nil || a.String() != c.want {
				t.Errorf("Open: have %v, %v, want %v", a, err, c.want)
			}
		})
	}
}

// TestPickleThatRepeatsItselfTakesNoMemory has an instruction of two bytes push
// a string of a megabyte, ten thousand times.
func TestPickleThatRepeatsItselfTakesNoMemory(t *testing.T) {
	const n = 10_000
	array := "cnumpy.core.multiarray\n_reconstruct\n)R"
	mega := "\x00\x00\x10\x00" + strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name, pickle string
		want         error
	}{
		{"str", "X" + mega + "q\x000" + array + "(NNNN](" + strings.Repeat("h\x00", n) + "etb.", nil},
		{"bytes", "B" + mega + "q\x000" + array + "(NNNN](" + strings.Repeat("h\x00", n) + "etb.", nil},
		{"bytes made of text", "X" + mega + "q\x000c_codecs\nencode\nq\x010X\x06\x00\x00\x00latin1q\x020" +
			array + "(NNNN](" + strings.Repeat("h\x01h\x00h\x02\x86R", n) + "etb.", ErrFormat},
	} {
		file := npyFile(1, dictOf("'|O'", "False", fmt.Sprintf("(%d,)", n)), []byte(c.pickle))
		before := allocated()
		a, err := Read(bytes.NewReader(file))
		if !errors.Is(err, c.want) || err == nil && a.Len() != n {
			t.Errorf("%s: have %v, want %v", c.name, err, c.want)
		}
		if have := allocated() - before; have > 16<<20 {
			t.Errorf("%s: allocated %d bytes for a file of %d", c.name, have, len(file))
		}
	}
}

func TestArraysInOneStreamAreReadOneAfterTheOther(t *testing.T) {
	var b bytes.Buffer
	for i := range 3 {
		if err := Write(&b, must(New(Int16, i, 2))); err != nil {
			t.Fatal(err)
		}
	}
	r := struct{ io.Reader }{&b}
	for i := range 3 {
		if a, err := Read(r); err != nil || a.Dim(0) != i {
			t.Fatalf("array %d: have %v, %v", i, a, err)
		}
	}
	if _, err := Read(r); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: have %v, want io.EOF", err)
	}
}

func TestAsSaysWhatAVoidIs(t *testing.T) {
	file := npyFile(1, dictOf("'|V1'", "False", "(2,)"), []byte{0x38, 3})
	for _, c := range []struct {
		as   DType
		want string
		err  error
	}{
		{Float8E4M3FN, "[1 0.00585938]", nil},
		{Float8E5M2, "[0.5 4.57764e-05]", nil},
		{Int4, "[56 3]", nil},
		{Uint8, "[56  3]", nil},
		{BFloat16, "", ErrDType},
		{Bool, "", ErrDType},
		{String, "", ErrDType},
	} {
		a, err := Read(bytes.NewReader(file), As(c.as))
		if !errors.Is(err, c.err) || c.err == nil && a.String() != c.want {
			t.Errorf("%v: have %v, %v, want %v, %v", c.as, a, err, c.want, c.err)
		}
	}
	plain := npyFile(1, dictOf("'<f4'", "False", "(1,)"), make([]byte, 4))
	if _, err := Read(bytes.NewReader(plain), As(Float32)); err != nil {
		t.Errorf("float32 as itself: %v", err)
	}
	if _, err := Read(bytes.NewReader(plain), As(Int32)); !errors.Is(err, ErrDType) {
		t.Errorf("float32 as int32: have %v, want ErrDType", err)
	}
}
