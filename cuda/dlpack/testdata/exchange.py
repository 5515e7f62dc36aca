"""Exchanges arrays between NumPy and the shared library of shared/, whose path is the argument."""
import gc
import sys

import numpy as np

from library import UNVERSIONED, USED, VERSIONED, Lent, check, open_library, pointer_of, set_name

lib = open_library(sys.argv[1])


def lend(f, name):
    check("tensors out at first", lib.out(), 0)
    x = np.from_dlpack(Lent(f(), name))
    check("tensors out", lib.out(), 1)
    return x


for f, name in ((lib.lend, VERSIONED), (lib.lendUnversioned, UNVERSIONED)):
    x = lend(f, name)
    check("elements", x.tolist(), [[lib.first(), 1.0, 2.0], [3.0, 4.0, 5.0]])
    check("dtype", str(x.dtype), "float32")
    if x.flags.writeable:
        x[0, 0] = 7
        check("what Python wrote", lib.first(), 7.0)
    del x
    gc.collect()
    check("tensors out at the end", lib.out(), 0)

x = lend(lib.lendReadOnly, VERSIONED)
check("elements", x.tolist(), [1, 2])
check("writeable", x.flags.writeable, False)
del x
gc.collect()

for f, name, args in ((lib.borrow, VERSIONED, {"max_version": (1, 0)}), (lib.borrowUnversioned, UNVERSIONED, {})):
    y = np.arange(6, dtype=np.float64).reshape(2, 3)
    before = sys.getrefcount(y)
    capsule = y.__dlpack__(**args)
    pointer = pointer_of(capsule, name)
    set_name(capsule, USED[name])
    check("sum", f(pointer), 15.0)
    check("what Go wrote", y[0, 0], 42.0)
    check("is held", sys.getrefcount(y) > before, True)
    lib.release()
    check("is given back", sys.getrefcount(y), before)

    # What is not row-major stays the caller's.
    capsule = y.T.__dlpack__(**args)
    check("transposed", f(pointer_of(capsule, name)), -1.0)
    del capsule
    check("transposed, given back", sys.getrefcount(y), before)
    sliced = np.ones((4, 4))[:, :2].__dlpack__(**args)
    check("sliced", f(pointer_of(sliced, name)), -1.0)
    one = np.ones((4, 1))[::2].__dlpack__(**args)
    check("every second", f(pointer_of(one, name)), -1.0)

# A device's memory, which NumPy has no part in, goes there and back.
check("sum on the device", lib.borrowDevice(lib.lendDevice()), 15.0)
check("tensors out at the end", lib.out(), 0)
print("ok")
