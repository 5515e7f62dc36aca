package cuda

import (
	"context"
	"fmt"
	"testing"

	"ndflow/npy"
)

// sizes are those of the bandwidth's benchmarks. A fake device has little memory,
// and no bandwidth that would be worth measuring.
func benchSizes() []int {
	if fake != nil {
		return []int{64 << 10, 4 << 20}
	}
	return []int{64 << 10, 1 << 20, 16 << 20, 256 << 20}
}

func sizeName(n int) string {
	if n < 1<<20 {
		return fmt.Sprint(n>>10, "KiB")
	}
	return fmt.Sprint(n>>20, "MiB")
}

// BenchmarkCopy is the bandwidth of copies that are queued one behind the other on
// a stream, as the device's own clock says: the metric device-GB/s. Bytes a second
// and time are the host's, with the wait for the last of them.
func BenchmarkCopy(b *testing.B) {
	d := device(b, 0)
	kinds := []struct {
		name string
		dst  func(n int) Memory
		src  func(n int) Memory
	}{
		{"pinned-to-device", onDevice(b, d), onPinned(b, d)},
		{"device-to-pinned", onPinned(b, d), onDevice(b, d)},
		{"array-to-device", onDevice(b, d), onHeap(b)},
		{"device-to-array", onHeap(b), onDevice(b, d)},
		{"device-to-device", onDevice(b, d), onDevice(b, d)},
	}
	for _, k := range kinds {
		for _, n := range benchSizes() {
			b.Run(k.name+"/"+sizeName(n), func(b *testing.B) {
				dst, src := k.dst(n), k.src(n)
				defer closeMemory(dst)
				defer closeMemory(src)
				benchCopy(b, aStream(b, d), dst, src, n)
			})
		}
	}
}

func benchCopy(b *testing.B, s *Stream, dst, src Memory, n int) {
	ctx := context.Background()
	must(b, get(s.Copy(dst, src))(b).Wait(ctx)) // so that all pages are touched
	b.SetBytes(int64(n))
	b.ReportAllocs()
	begin := get(s.Record())(b)
	count := 0
	for b.Loop() {
		if _, err := s.Copy(dst, src); err != nil {
			b.Fatal(err)
		}
		if count++; count%64 == 0 { // a queue without an end would measure memory
			must(b, s.Synchronize(ctx))
		}
	}
	end := get(s.Record())(b)
	must(b, end.Wait(ctx))
	if took := get(end.Since(begin))(b); took > 0 {
		b.ReportMetric(float64(n)*float64(count)/took.Seconds()/1e9, "device-GB/s")
	}
	begin.Close()
	end.Close()
}

// BenchmarkLaunch is what a small copy costs the caller: to put it on a stream, to
// wait for it as well, and in one call.
func BenchmarkLaunch(b *testing.B) {
	d := device(b, 0)
	s := aStream(b, d)
	dst, src := buffer(b, d, npy.Float32, 64), hostBuffer(b, d, npy.Float32, 64)
	ctx := context.Background()
	b.Run("stream", func(b *testing.B) {
		b.ReportAllocs()
		count := 0
		for b.Loop() {
			if _, err := s.Copy(dst, src); err != nil {
				b.Fatal(err)
			}
			if count++; count%256 == 0 {
				must(b, s.Synchronize(ctx))
			}
		}
		must(b, s.Synchronize(ctx))
	})
	b.Run("stream-and-wait", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e, err := s.Copy(dst, src)
			if err == nil {
				err = e.Wait(ctx)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("now", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := Copy(dst, src); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkNewBuffer(b *testing.B) {
	d := device(b, 0)
	b.ReportAllocs()
	for b.Loop() {
		m, err := d.NewBuffer(npy.Float32, 1<<10)
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}

func onDevice(b *testing.B, d *Device) func(n int) Memory {
	return func(n int) Memory { return get(d.NewBuffer(npy.Uint8, n))(b) }
}

func onPinned(b *testing.B, d *Device) func(n int) Memory {
	return func(n int) Memory { return get(d.NewHostBuffer(npy.Uint8, n))(b) }
}

func onHeap(b *testing.B) func(n int) Memory {
	return func(n int) Memory { return get(npy.New(npy.Uint8, n))(b) }
}

func closeMemory(m Memory) {
	if c, ok := m.(interface{ Close() }); ok {
		c.Close()
	}
}
