package fakecuda

import "testing"

func TestSmoke(t *testing.T) {
	path, err := Build("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Reset(Settings{Devices: 2}); err != nil {
		t.Fatal(err)
	}
	if rc := cuInit(); rc != 0 {
		t.Fatal(rc)
	}
	ctx, rc := cuDevicePrimaryCtxRetain(1)
	t.Log(rc, cuCtxPushCurrent(ctx))
	p, rc := cuMemAlloc(1000)
	h, rc2 := cuMemHostAlloc(1000)
	s, rc3 := cuStreamCreate(1)
	t.Log(rc, rc2, rc3)
	for i := range h {
		h[i] = 7
	}
	t.Log(cuMemcpyHtoDAsync(p, h, s), c.Counters().Alive())
	b := make([]byte, 1000)
	t.Log(cuStreamQuery(s), cuMemcpyDtoHAsync(b, p, s), b[:3], b[999])
	t.Log(cuPointerGetAttributes(p + 3))
	t.Log(cuMemFree(p), cuMemFreeHost(h), cuStreamDestroy(s), cuCtxPopCurrent(), cuDevicePrimaryCtxRelease(1), c.Counters())
	t.Log(inFork())
}
