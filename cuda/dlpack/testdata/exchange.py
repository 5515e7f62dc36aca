"""Exchanges arrays between NumPy and the shared library of shared/, whose path is the argument."""
import ctypes
import gc
import sys

import numpy as np

lib = ctypes.PyDLL(sys.argv[1])
for name in ("lend", "lendUnversioned", "lendReadOnly"):
    getattr(lib, name).restype = ctypes.c_void_p
for name in ("borrow", "borrowUnversioned"):
    getattr(lib, name).restype = ctypes.c_double
    getattr(lib, name).argtypes = [ctypes.c_void_p]
lib.first.restype = ctypes.c_float

api = ctypes.pythonapi
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]

VERSIONED, UNVERSIONED = b"dltensor_versioned", b"dltensor"
USED = {VERSIONED: b"used_dltensor_versioned", UNVERSIONED: b"used_dltensor"}


class Lent:
    """A tensor of the library's, as the array API has it."""

    def __init__(self, pointer, name):
        self.pointer, self.name = pointer, name

    def __dlpack_device__(self):
        return (1, 0)

    def __dlpack__(self, **_):
        return api.PyCapsule_New(self.pointer, self.name, None)


def check(what, have, want):
    if have != want:
        sys.exit("%s: have %r, want %r" % (what, have, want))


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
    pointer = api.PyCapsule_GetPointer(capsule, name)
    api.PyCapsule_SetName(capsule, USED[name])
    check("sum", f(pointer), 15.0)
    check("what Go wrote", y[0, 0], 42.0)
    check("is held", sys.getrefcount(y) > before, True)
    lib.release()
    check("is given back", sys.getrefcount(y), before)

    # What is not row-major stays the caller's.
    capsule = y.T.__dlpack__(**args)
    check("transposed", f(api.PyCapsule_GetPointer(capsule, name)), -1.0)
    del capsule
    check("transposed, given back", sys.getrefcount(y), before)
    sliced = np.ones((4, 4))[:, :2].__dlpack__(**args)
    check("sliced", f(api.PyCapsule_GetPointer(sliced, name)), -1.0)
    one = np.ones((4, 1))[::2].__dlpack__(**args)
    check("every second", f(api.PyCapsule_GetPointer(one, name)), -1.0)
print("ok")
