package fakecuda

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

//go:embed csrc
var source embed.FS

var compilerFlags = []string{
	"-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-pthread",
	"-fvisibility=hidden", "-Wl,-soname,libfakecuda.so", "-Wl,-z,defs",
}

// built holds what building into a folder gave in this process, failures too.
var built struct {
	sync.Mutex
	result map[string]result
}

type result struct {
	path string
	err  error
}

// Build compiles the library into a folder and returns its path; "" stands for
// a folder of ndflow's in the user's cache, or in the temporary one where
// there is no cache, or none that can be written to. What was compiled from the
// same source with the same compiler is found there again. The compiler is $CC,
// else gcc, else cc.
//
// The library's name is never libcuda.so.1: it is opened by its path only.
func Build(dir string) (path string, err error) {
	built.Lock()
	defer built.Unlock()
	r, ok := built.result[dir]
	if !ok {
		r.path, r.err = build(dir)
		if built.result == nil {
			built.result = make(map[string]result)
		}
		built.result[dir] = r
	}
	return r.path, r.err
}

func build(dir string) (path string, err error) {
	compiler, err := findCompiler()
	if err != nil {
		return "", err
	}
	sum, err := fingerprint(compiler)
	if err != nil {
		return "", fmt.Errorf("fakecuda: %w", err)
	}
	name := "libfakecuda-" + sum + ".so"
	if dir != "" {
		return ensure(dir, name, compiler)
	}
	if cache, err := os.UserCacheDir(); err == nil {
		path, err := ensure(filepath.Join(cache, "ndflow", "fakecuda"), name, compiler)
		if !unusable(err) {
			return path, err
		}
	}
	dir, err = ownTemp()
	if err != nil {
		return "", fmt.Errorf("fakecuda: %w", err)
	}
	return ensure(dir, name, compiler)
}

// unusable reports whether a folder is none that this user can write to.
func unusable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrNotExist)
}

// ownTemp is a folder of the temporary one that is this user's alone: others could put
// a library of theirs in any other.
func ownTemp() (string, error) {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("ndflow-fakecuda-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return "", err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); !ok || !info.IsDir() || int(owner.Uid) != os.Getuid() || info.Mode().Perm()&0o022 != 0 {
		return "", fmt.Errorf("%s is not a folder that only this user can write to", dir)
	}
	return dir, nil
}

// ensure returns the library of a name in a folder, and compiles it if it is not there.
func ensure(dir, name string, compiler []string) (path string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("fakecuda: %w", err)
	}
	path = filepath.Join(dir, name)
	if _, err = os.Stat(path); err == nil {
		return path, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("fakecuda: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("fakecuda: %w", err)
	}
	return path, compile(compiler, path)
}

// findCompiler returns the compiler and its first arguments.
func findCompiler() ([]string, error) {
	if cc := strings.Fields(os.Getenv("CC")); len(cc) > 0 {
		return cc, nil
	}
	for _, name := range []string{"gcc", "cc"} {
		if path, err := exec.LookPath(name); err == nil {
			return []string{path}, nil
		}
	}
	return nil, errors.New("fakecuda: there is no C compiler: neither gcc nor cc is on the path, and CC is not set")
}

// fingerprint names what goes into the library.
func fingerprint(compiler []string) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, compiler, compilerFlags)
	err := fs.WalkDir(source, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := source.ReadFile(name)
		fmt.Fprintln(h, name, len(data))
		h.Write(data)
		return err
	})
	return fmt.Sprintf("%x", h.Sum(nil)[:8]), err
}

// compile writes the library under another name first, so that whoever sees it
// under its own sees it whole.
func compile(compiler []string, path string) (err error) {
	work, err := os.MkdirTemp(filepath.Dir(path), ".build-*")
	if err != nil {
		return fmt.Errorf("fakecuda: %w", err)
	}
	defer func() { err = cmp.Or(err, os.RemoveAll(work)) }()
	if err := os.CopyFS(work, source); err != nil {
		return fmt.Errorf("fakecuda: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(work, "csrc", "*.c"))
	if err != nil {
		return fmt.Errorf("fakecuda: %w", err)
	}
	whole := filepath.Join(work, "whole.so")
	args := append(compiler[1:len(compiler):len(compiler)], compilerFlags...)
	args = append(append(args, "-o", whole), files...)
	if out, err := exec.Command(compiler[0], args...).CombinedOutput(); err != nil {
		return fmt.Errorf("fakecuda: %s: %w\n%s", compiler[0], err, out)
	}
	if err := os.Rename(whole, path); err != nil {
		return fmt.Errorf("fakecuda: %w", err)
	}
	return nil
}
