package npy

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"
)

// FuzzHeader reads any bytes as a .npy file. It must not panic, must find the
// same whether the file's length is known or not, and what it reads it must
// write so that it reads it again.
func FuzzHeader(f *testing.F) {
	for _, c := range hostileFiles {
		if len(c.file) < 1<<12 {
			f.Add(c.file)
		}
	}
	f.Add(oneFloat)
	f.Add(npyFile(2, dictOf("'>c8'", "True", "(1, 2)"), make([]byte, 16)))
	f.Add(npyFile(3, dictOf("'|S3'", "True", "(2, 2)"), []byte("abcd\x00\x00efghij")))
	f.Add(npyFile(1, dictOf("'>U2'", "False", "(1,)"), []byte{0, 0, 0, 'a', 0, 1, 0xf6, 0}))
	f.Add(objects("\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x00cnumpy\nndarray\nq\x01K\x00\x85q\x02c_codecs\nencode\nq\x03X\x01\x00\x00\x00bq\x04X\x06\x00\x00\x00latin1q\x05\x86q\x06Rq\x07\x87q\x08Rq\t(K\x01K\x01\x85q\ncnumpy\ndtype\nq\x0bX\x02\x00\x00\x00O8q\x0cK\x00K\x01\x87q\rRq\x0e(K\x03X\x01\x00\x00\x00|q\x0fNNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tq\x10b\x89]q\x11X\x02\x00\x00\x00abq\x12atq\x17b."))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, opts := range [][]Option{nil, {As(Float8E4M3FN)}} {
			a, err := Read(bytes.NewReader(file), opts...)
			b, err2 := Read(struct{ io.Reader }{bytes.NewReader(file)}, opts...)
			if (err == nil) != (err2 == nil) {
				t.Fatalf("known length: %v; unknown: %v", err, err2)
			}
			if err != nil {
				continue
			}
			if !equal(a, b) {
				t.Fatalf("known length: %v; unknown: %v", a, b)
			}
			_ = a.String()
			var out bytes.Buffer
			var how []Option
			if padded := a.Len() * len(strings.Join(a.strs, "")); padded > 1<<20 {
				how = append(how, Strings(Objects))
			}
			if err := Write(&out, a, how...); err != nil {
				t.Fatal(err)
			}
			var again []Option
			if a.DType().Size() == 1 && a.DType() > Complex128 {
				again = []Option{As(a.DType())}
			}
			if c, err := Read(&out, again...); err != nil || !equal(a, c) {
				t.Fatalf("%v became %v, %v", a, c, err)
			}
		}
	})
}

// FuzzNPZ opens any bytes as a .npz file and reads all that is in it.
func FuzzNPZ(f *testing.F) {
	for _, c := range hostileArchives {
		f.Add(c.file)
	}
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		f.Add(archive(method, "a.npy", oneFloat, "b/c.npy", objects("N."), "note.txt", []byte("hello")))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		z, err := NewNPZ(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		for _, name := range z.Names() {
			h, err := z.Header(name)
			a, readErr := z.Read(name)
			if err != nil && readErr == nil {
				t.Fatalf("%q was read, but its header was not: %v", name, err)
			}
			if readErr == nil && h.DType != a.DType() {
				t.Fatalf("%q: header %+v, array of %v", name, h, a.DType())
			}
		}
	})
}
