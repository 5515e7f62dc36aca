"""The shared library of shared/, and capsules for what it lends."""
import ctypes
import sys

api = ctypes.pythonapi
api.PyCapsule_New.restype = ctypes.py_object
api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
api.PyCapsule_GetPointer.restype = ctypes.c_void_p
api.PyCapsule_GetPointer.argtypes = [ctypes.py_object, ctypes.c_char_p]
api.PyCapsule_SetName.argtypes = [ctypes.py_object, ctypes.c_char_p]

VERSIONED, UNVERSIONED = b"dltensor_versioned", b"dltensor"
USED = {VERSIONED: b"used_dltensor_versioned", UNVERSIONED: b"used_dltensor"}

pointer_of, set_name = api.PyCapsule_GetPointer, api.PyCapsule_SetName


def open_library(path):
    lib = ctypes.PyDLL(path)
    for name in ("lend", "lendUnversioned", "lendReadOnly", "lendDevice"):
        getattr(lib, name).restype = ctypes.c_void_p
    for name in ("borrow", "borrowUnversioned", "borrowDevice"):
        getattr(lib, name).restype = ctypes.c_double
        getattr(lib, name).argtypes = [ctypes.c_void_p]
    lib.first.restype = ctypes.c_float
    return lib


class Lent:
    """A tensor of the library's, as the array API has it."""

    def __init__(self, pointer, name, device=(1, 0)):
        self.pointer, self.name, self.device = pointer, name, device

    def __dlpack_device__(self):
        return self.device

    def __dlpack__(self, **_):
        return api.PyCapsule_New(self.pointer, self.name, None)


def check(what, have, want):
    if have != want:
        sys.exit("%s: have %r, want %r" % (what, have, want))
