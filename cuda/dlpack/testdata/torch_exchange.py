"""Exchanges tensors between PyTorch and the shared library of shared/, whose path is the first argument.

The second one is the device, "cpu" or "cuda"."""
import gc
import sys

import torch

from library import USED, VERSIONED, Lent, check, open_library, pointer_of, set_name

lib, on = open_library(sys.argv[1]), sys.argv[2]
lend, device = (lib.lendDevice, (2, 0)) if on == "cuda" else (lib.lend, (1, 0))

x = torch.from_dlpack(Lent(lend(), VERSIONED, device))
check("elements", x.tolist(), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
check("device", x.device.type, on)
check("tensors out", lib.out(), 1)
del x
gc.collect()
check("tensors out at the end", lib.out(), 0)

dtype, borrow = (torch.float32, lib.borrowDevice) if on == "cuda" else (torch.float64, lib.borrow)
y = torch.arange(6, dtype=dtype, device=on)
if on == "cuda":
    torch.cuda.synchronize()
try:
    capsule, name = y.__dlpack__(max_version=(1, 0)), VERSIONED
    pointer_of(capsule, name)
except (TypeError, ValueError):  # a PyTorch from before DLPack 1
    sys.exit("this PyTorch does not speak DLPack 1, want 2.8 or newer")
pointer = pointer_of(capsule, name)
set_name(capsule, USED[name])
check("sum", borrow(pointer), 15.0)
check("what Go wrote", y.tolist(), [0, 2, 4, 6, 8, 10] if on == "cuda" else [42, 1, 2, 3, 4, 5])
if on == "cpu":
    lib.release()
print("ok")
