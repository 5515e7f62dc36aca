package private

import (
	"archive/zip"
	"cmp"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// mostInflated is by how much deflated data can grow: what is said to grow more is a lie.
const mostInflated = 1032

// checkArchive refuses a zip archive that nobody has made in good faith: with names that
// leave the folder that it is unpacked to, which reading it as a file system hides; with
// links; and with files that are one in another, or grow by more than can be, so that a
// small archive fills a disk.
func checkArchive(fsys fs.FS) error {
	var files []*zip.File
	switch archive := fsys.(type) {
	case *zip.Reader:
		files = archive.File
	case *zip.ReadCloser:
		files = archive.File
	}
	type span struct {
		name       string
		begin, end int64
	}
	spans := make([]span, 0, len(files))
	for _, f := range files {
		switch mode := f.Mode(); {
		case !filepath.IsLocal(f.Name) || strings.Contains(f.Name, `\`):
			return fmt.Errorf("%w: %q", zip.ErrInsecurePath, f.Name)
		case !mode.IsRegular() && !mode.IsDir():
			return fmt.Errorf("%w: %q is no regular file", zip.ErrFormat, f.Name)
		case f.UncompressedSize64/mostInflated > f.CompressedSize64:
			return fmt.Errorf("%w: %q is said to grow from %d bytes to %d", zip.ErrFormat, f.Name, f.CompressedSize64, f.UncompressedSize64)
		}
		begin, err := f.DataOffset()
		if err != nil {
			return fmt.Errorf("%q: %w", f.Name, err)
		}
		if end := begin + int64(f.CompressedSize64); end > begin {
			spans = append(spans, span{f.Name, begin, end})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.begin, b.begin) })
	for i := 1; i < len(spans); i++ {
		if spans[i].begin < spans[i-1].end {
			return fmt.Errorf("%w: %q and %q lie one in the other", zip.ErrFormat, spans[i-1].name, spans[i].name)
		}
	}
	return nil
}
