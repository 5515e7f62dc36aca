package checkup

import (
	"testing"

	"ndflow/tfc"
)

func TestDriverVersion(t *testing.T) {
	for text, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version: 12.2.0\n":                    "550.54.14",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  570.133.20  Release Build  (dvs-builder@U16)  Sun Mar 30\nGCC version:\n": "570.133.20",
		"something else\n": "of unknown version",
		"":                 "of unknown version",
	} {
		if have := driverVersion(text); have != want {
			t.Errorf("%q: have %q, want %q", text, have, want)
		}
	}
}

func TestFatal(t *testing.T) {
	r := &Report{}
	r.problem(false, "", "a note")
	if r.Fatal() {
		t.Error("a note is fatal")
	}
	r.problem(true, "", "no library")
	if !r.Fatal() {
		t.Error("no library is not fatal")
	}
}

func TestMemory(t *testing.T) {
	for want, a := range map[string]tfc.Allocator{
		"a malloc of unknown origin, left to itself":     {},
		"the malloc of /lib/jemalloc.so, left to itself": {File: "/lib/jemalloc.so"},
		"glibc 2.36's malloc with dynamic thresholds; much that is free is given back; MALLOC_ARENA_MAX=1": {
			File: "/lib/libc.so.6", Glibc: "2.36", Settings: "MALLOC_ARENA_MAX=1"},
		"glibc 2.36's malloc with fixed thresholds: MALLOC_MMAP_THRESHOLD_=1": {
			File: "/lib/libc.so.6", Glibc: "2.36", Settings: "MALLOC_MMAP_THRESHOLD_=1", Fixed: true},
	} {
		if have := memory(a); have != want {
			t.Errorf("%+v: have %q, want %q", a, have, want)
		}
	}
}
