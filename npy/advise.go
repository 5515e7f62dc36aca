package npy

import (
	"fmt"
	"os"
	"unsafe"
)

// AdviseSequential tells the system that an array over a mapped file ([Open],
// [Create]) will be walked from front to back, so that it reads ahead further.
// For arrays in memory it does nothing.
func (a *Array) AdviseSequential() error { return a.advise(adviseSequential) }

// DropPages gives back the physical memory that an array over a mapped file
// takes, as far as it fills whole pages, for a walk that will not come back
// soon: a program that drops what is behind it walks a file of any size in
// constant memory. The elements stay in the file, those that were written too,
// and are read from there when they are used again. For arrays in memory it
// does nothing.
func (a *Array) DropPages() error { return a.advise(dropPages) }

func (a *Array) advise(how func([]byte) error) error {
	if a.mem == nil || !a.mem.mapped {
		return nil
	}
	if err := a.Hold(); err != nil {
		return err
	}
	defer a.Unhold()
	pages := wholePages(a.data)
	if len(pages) == 0 {
		return nil
	}
	if err := how(pages); err != nil {
		return fmt.Errorf("npy: memory advice: %w", err)
	}
	return nil
}

// pagesOver is the pages that bytes lo to hi of mapped memory lie in.
func pagesOver(b []byte, lo, hi int) []byte {
	page := uintptr(os.Getpagesize())
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	before := int((at + uintptr(lo)) & (page - 1))
	n := (before + hi - lo + int(page) - 1) &^ (int(page) - 1)
	return unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), lo-before)), n)
}

// wholePages is the part of b that begins and ends with a page.
func wholePages(b []byte) []byte {
	page := uintptr(os.Getpagesize())
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	lo := (at + page - 1) &^ (page - 1)
	hi := (at + uintptr(len(b))) &^ (page - 1)
	if lo >= hi {
		return nil
	}
	return b[lo-at : hi-at]
}
