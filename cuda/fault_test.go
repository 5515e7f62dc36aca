package cuda

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ndflow/cuda/fakecuda"
	"ndflow/npy"
)

//go:embed capi.h
var capi string

// functions are the names of all functions of the driver that this package calls.
var functions = func() (names []string) {
	list := capi[strings.Index(capi, "#define NDC_CUDA("):]
	for _, m := range regexp.MustCompile(`  F\((cu\w+),`).FindAllStringSubmatch(list, -1) {
		names = append(names, m[1])
	}
	return names
}()

// tour does all that the package can do, and closes everything. It returns the
// first error, and what has become of the arrays that it copied to.
func tour() (landed []landing, err error) {
	ctx := context.Background()
	var closers []func()
	defer func() {
		for _, c := range closers {
			c()
		}
	}()
	land := func(dst *npy.Array, want *npy.Array) {
		landed = append(landed, landing{dst, bytes.Clone(want.Bytes()), bytes.Clone(dst.Bytes())})
	}
	d, err := Open(0)
	if err != nil {
		return landed, err
	}
	closers = append(closers, d.Close)
	peer, err := Open(1)
	if err != nil {
		return landed, err
	}
	closers = append(closers, peer.Close)
	if _, _, err := d.Memory(); err != nil {
		return landed, err
	}
	var buffers [3]*Buffer
	for i := range buffers {
		if buffers[i], err = []*Device{d, d, peer}[i].NewBuffer(npy.Int32, 600); err != nil {
			return landed, err
		}
		closers = append(closers, buffers[i].Close)
	}
	h, err := d.NewHostBuffer(npy.Int32, 600)
	if err != nil {
		return landed, err
	}
	closers = append(closers, h.Close)
	fill(h.Array, 1)
	var arrays [3]*npy.Array
	for i := range arrays {
		arrays[i], _ = npy.New(npy.Int32, 600)
		fill(arrays[i], 10+i)
	}
	r, err := d.Register(arrays[0])
	if err != nil {
		return landed, err
	}
	closers = append(closers, r.Close)
	var streams [2]*Stream
	for i := range streams {
		if streams[i], err = d.NewStream(); err != nil {
			return landed, err
		}
		closers = append(closers, streams[i].Close)
	}

	zeroed, err := streams[1].Zero(buffers[1])
	if err != nil {
		return landed, err
	}
	if err := streams[0].WaitFor(zeroed); err != nil {
		return landed, err
	}
	begin, err := streams[0].Record()
	if err != nil {
		return landed, err
	}
	closers = append(closers, begin.Close)
	if err := Copy(buffers[0], h); err != nil {
		return landed, err
	}
	if _, err := streams[0].Copy(buffers[1], buffers[0]); err != nil {
		return landed, err
	}
	if _, err := streams[0].Copy(buffers[2], buffers[1]); err != nil {
		return landed, err
	}
	land(arrays[0], h.Array)
	copied, err := streams[0].Copy(r, buffers[1])
	if err != nil {
		return landed, err
	}
	if _, err := copied.Done(); err != nil {
		return landed, err
	}
	if _, err := streams[0].Done(); err != nil {
		return landed, err
	}
	end, err := streams[0].Record()
	if err != nil {
		return landed, err
	}
	closers = append(closers, end.Close)
	if err := copied.Wait(ctx); err != nil {
		return landed, err
	}
	if err := streams[0].Synchronize(ctx); err != nil {
		return landed, err
	}
	if _, err := end.Since(begin); err != nil {
		return landed, err
	}
	land(arrays[1], h.Array)
	if err := Copy(arrays[1], buffers[2]); err != nil {
		return landed, err
	}
	w, err := d.Wrap(buffers[1].Pointer(), npy.Int32, []int{600}, nil)
	if err != nil {
		return landed, err
	}
	closers = append(closers, w.Close)
	if err := d.Synchronize(); err != nil {
		return landed, err
	}
	land(arrays[2], h.Array)
	return landed, d.CopyFrom(arrays[2], buffers[0].Pointer(), buffers[0].Size())
}

// landing is an array that was copied to.
type landing struct {
	dst          *npy.Array
	want, before []byte
}

// check returns an error where the array is neither as it was nor whole, and the
// error of the tour does not say so.
func (l landing) check(err error) error {
	have := l.dst.Bytes()
	switch {
	case err == nil && !bytes.Equal(have, l.want):
		return errors.New("no error, and other elements")
	case errors.Is(err, ErrPartial), bytes.Equal(have, l.want), bytes.Equal(have, l.before):
		return nil
	}
	return errors.New("it is partly written, and the error does not say so")
}

// What these report is of something earlier, or does not matter: what they do is
// done all the same, or another way is taken.
var harmless = map[string]bool{
	"cuCtxPopCurrent_v2": true, "cuMemFree_v2": true, "cuMemFreeHost": true,
	"cuMemHostUnregister": true, "cuStreamDestroy_v2": true, "cuEventDestroy_v2": true,
	"cuDevicePrimaryCtxRelease_v2": true, "cuDeviceCanAccessPeer": true,
	"cuCtxEnablePeerAccess": true, "cuGetErrorName": true, "cuGetErrorString": true,
	"cuDriverGetVersion": true,
	// It is asked as well when nothing depends on it, and asked again.
	"cuEventQuery": true, "cuCtxPushCurrent_v2": true,
}

// Each call of the driver fails in turn. There is an error that names it, nothing
// is lost and nothing is left over.
func TestEachCallFails(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{Devices: 2})
	defer fake.Reset(fakecuda.Settings{})
	if _, err := tour(); err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for _, name := range functions {
		calls[name] = int(fake.Calls(name))
		if calls[name] == 0 && !harmless[name] {
			t.Errorf("the tour does not call %s", name)
		}
	}
	for _, name := range functions {
		t.Run(name, func(t *testing.T) {
			for n := 1; n <= min(calls[name], 60); n++ {
				for _, code := range []Result{InvalidValue, OutOfMemory} {
					failOnce(t, name, n, code)
				}
			}
		})
	}
}

func failOnce(t *testing.T, name string, n int, code Result) {
	t.Helper()
	// The goroutine that waits for what an earlier tour has closed would take the
	// failure.
	eventually(func() bool {
		busy.Lock()
		defer busy.Unlock()
		return !busy.draining
	})
	must(t, fake.Reset(fakecuda.Settings{Devices: 2}))
	fake.Fail(name, n, int(code))
	landed, err := tour()
	what := fmt.Sprintf("with call %d of %s failing", n, name)
	failed := fake.Calls(name) >= int64(n)
	fake.Fail(name, 0, 0)
	if failed && !harmless[name] {
		if err == nil {
			t.Fatalf("%s there is no error", what)
		}
		wantError(t, err, code, name)
	}
	left := func() string {
		c := fake.Counters()
		if name == "cuCtxPushCurrent_v2" {
			c.Orphaned = 0 // what could not be freed then goes with the context
		}
		return c.Alive()
	}
	if !eventually(func() bool { return left() == "" }) {
		t.Fatalf("%s there is left over: %s", what, left())
	}
	for i, l := range landed {
		if bad := l.check(err); bad != nil {
			t.Fatalf("%s array %d: %v (%v)", what, i, bad, err)
		}
	}
}

// The device is lost in the middle of each copy in turn.
func TestLostDevice(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{Devices: 2})
	if _, err := tour(); err != nil {
		t.Fatal(err)
	}
	copies := int(fake.Counters().Copies)
	partial := 0
	for n := 1; n <= copies; n++ {
		must(t, fake.Reset(fakecuda.Settings{Devices: 2, Seed: int64(n)}))
		fake.LoseDevice(n, int(LaunchFailed))
		landed, err := tour()
		wantError(t, err, ErrDeviceLost, "CUDA_ERROR_LAUNCH_FAILED (719)")
		if !errors.Is(err, LaunchFailed) {
			t.Errorf("%v is not %v", err, LaunchFailed)
		}
		if errors.Is(err, ErrPartial) {
			partial++
			if !strings.Contains(err.Error(), "int32 [600]") {
				t.Errorf("error %q does not say what is partly written", err)
			}
		}
		for i, l := range landed {
			if bad := l.check(err); bad != nil {
				t.Fatalf("lost in copy %d, array %d: %v (%v)", n, i, bad, err)
			}
		}
		if left := leftOver(); left != "" {
			t.Fatalf("lost in copy %d, there is left over: %s", n, left)
		}
		if _, err := tour(); err != nil { // the device is opened anew
			t.Fatal(err)
		}
	}
	if partial < 3 {
		t.Errorf("of %d copies in which the device was lost %d are said to be partial", copies, partial)
	}
}

// Another library ends the context while copies are under way.
func TestDestroyedContext(t *testing.T) {
	if !onFake(t) {
		return
	}
	fresh(t, fakecuda.Settings{})
	ctx := context.Background()
	d := device(t, 0)
	s := aStream(t, d)
	b := buffer(t, d, npy.Float32, 100)
	a := array(t, 1, npy.Float32, 100)
	registered := get(d.Register(a))(t)
	defer registered.Close()
	fake.Hold(true)
	before := get(a.Clone())(t)
	e := get(s.Copy(a, b))(t)
	timed := get(s.Record())(t)
	if !fake.DestroyContext(0) {
		t.Fatal("there was no context to destroy")
	}
	fake.Hold(false)
	wantError(t, e.Wait(ctx), ErrPartial, "array float32 [100]", "CUDA_ERROR_CONTEXT_IS_DESTROYED (709)")
	wantError(t, e.Wait(ctx), ErrDeviceLost)
	wantError(t, timed.Wait(ctx), ErrDeviceLost)
	wantBytes(t, a, before)
	errs := []error{s.Synchronize(ctx), d.Synchronize(), Copy(b, before), Copy(before, b), s.WaitFor(timed)}
	_, err := s.Copy(b, before)
	errs = append(errs, err)
	_, err = s.Record()
	errs = append(errs, err)
	_, err = s.Done()
	errs = append(errs, err)
	_, err = d.NewBuffer(npy.Int8, 5)
	errs = append(errs, err)
	_, err = d.NewHostBuffer(npy.Int8, 5)
	errs = append(errs, err)
	_, err = d.NewStream()
	errs = append(errs, err)
	_, _, err = d.Memory()
	errs = append(errs, err)
	_, err = timed.Since(timed)
	errs = append(errs, err)
	for i, err := range errs {
		if !errors.Is(err, ErrDeviceLost) {
			t.Errorf("call %d: have %v, want %v", i, err, ErrDeviceLost)
		}
	}
	wantBytes(t, a, before)
	// Once all is closed the device can be opened anew.
	timed.Close()
	for _, end := range []func(){b.Close, s.Close, registered.Close, d.Close} {
		end()
	}
	if left := leftOver(); left != "" {
		t.Fatal("left over:", left)
	}
	b = buffer(t, device(t, 0), npy.Float32, 100)
	must(t, Copy(b, before))
}
