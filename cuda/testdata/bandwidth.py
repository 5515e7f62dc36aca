"""PyTorch's bandwidth of the copies that BenchmarkCopy measures, in the form of go test -bench.

The argument is the time for each in seconds."""
import sys
import time

import torch

MIB = 1 << 20
SIZES = (("64KiB", MIB >> 4), ("1MiB", MIB), ("16MiB", 16 * MIB), ("256MiB", 256 * MIB))


def device(n):
    return torch.zeros(n, dtype=torch.uint8, device="cuda")


def pinned(n):
    return torch.zeros(n, dtype=torch.uint8).pin_memory()


def array(n):
    return torch.zeros(n, dtype=torch.uint8)


KINDS = (
    ("pinned-to-device", device, pinned),
    ("device-to-pinned", pinned, device),
    ("array-to-device", device, array),
    ("device-to-array", array, device),
    ("device-to-device", device, device),
)


def measure(dst, src, seconds):
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        dst.copy_(src, non_blocking=True)  # so that all pages are touched
        stream.synchronize()
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record(stream)
        started, count = time.monotonic(), 0
        while time.monotonic() - started < seconds:
            dst.copy_(src, non_blocking=True)
            count += 1
            if count % 64 == 0:
                stream.synchronize()
        end.record(stream)
        end.synchronize()
        took = time.monotonic() - started
    return count, took, begin.elapsed_time(end) / 1000


for kind, make_dst, make_src in KINDS:
    for name, n in SIZES:
        count, took, on_device = measure(make_dst(n), make_src(n), float(sys.argv[1]))
        print("BenchmarkCopy/%s/%s\t%d\t%.0f ns/op\t%.2f MB/s\t%.3f device-GB/s" % (
            kind, name, count, took / count * 1e9, n * count / took / 1e6, n * count / on_device / 1e9), flush=True)
