"""Write arrays with NumPy, or check with NumPy the arrays that Go wrote.

    numpy_fixtures.py write FOLDER
    numpy_fixtures.py check FOLDER

write: makes .npy and .npz files, each with what it should be read as, and
manifest.json that lists them. check: reads FOLDER/check.json, a list of
[kind, file of NumPy's, file of Go's], and compares.
"""
import base64
import json
import os
import sys
import warnings

import ml_dtypes
import numpy as np
from numpy.lib import format as npformat

warnings.simplefilter("ignore")
np.seterr(all="ignore")
rng = np.random.default_rng(7)

NUMERIC = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
           "float16", "float32", "float64", "complex64", "complex128",
           "bfloat16", "float8_e4m3fn", "float8_e5m2", "int4", "uint4"]
SHAPES = [(), (0,), (1,), (3,), (2, 3), (0, 5), (5, 0), (3, 1, 4), (2, 3, 4), (2, 3, 4, 5), (1, 1, 1, 1), (40, 70), (33, 2, 35)]


def dtype_of(name):
    return np.dtype(getattr(ml_dtypes, name) if hasattr(ml_dtypes, name) else name)


def random_array(name, shape):
    dt = dtype_of(name)
    n = int(np.prod(shape, dtype=int))
    raw = rng.integers(0, 256, n * dt.itemsize, dtype=np.uint8)
    if name == "bool":
        raw &= 1
    if name == "uint4":
        raw &= 15
    if name == "int4":
        raw = ((raw & 15).astype(np.int8) - 8).view(np.uint8)
    return np.frombuffer(raw.tobytes(), dtype=dt).reshape(shape)


class Fixtures:
    def __init__(self, folder):
        self.folder = folder
        self.arrays = []
        self.prints = []

    def save(self, a, name, version=None, **about):
        """Writes a as .npy and, unless it has strings, its elements row by row as .bin."""
        path = os.path.join(self.folder, name)
        with open(path + ".npy", "wb") as f:
            npformat.write_array(f, a, version=version)
        item = {"name": name, "shape": list(a.shape), "descr": npformat.dtype_to_descr(a.dtype),
                "fortran": bool(a.flags.f_contiguous and not a.flags.c_contiguous),
                "version": version[0] if version else 1, **about}
        if a.dtype.kind in "SUO" or a.dtype.kind == "T":
            item["dtype"] = "string"
            flat = [x.encode() if isinstance(x, str) else bytes(x) for x in a.ravel().tolist()]
            item["strings"] = [base64.b64encode(x).decode() for x in flat]
        else:
            item.setdefault("dtype", a.dtype.name)
            little = a if a.dtype.itemsize == 1 else a.astype(a.dtype.newbyteorder("<"))
            with open(path + ".bin", "wb") as f:
                f.write(little.tobytes("C"))
        self.arrays.append(item)

    def numeric(self):
        for name in NUMERIC:
            void = name in ("float8_e4m3fn", "int4", "uint4")
            for i, shape in enumerate(SHAPES):
                a = random_array(name, shape)
                about = {"dtype": name, "as": name if void else "", "canonical": True}
                self.save(a, f"{name}-{i}-c", **about)
                about["canonical"] = False
                if a.ndim > 1:
                    self.save(np.asfortranarray(a), f"{name}-{i}-f", **about)
                if a.dtype.itemsize > 1:
                    big = a.astype(a.dtype.newbyteorder(">"))
                    self.save(big, f"{name}-{i}-big", **about)
                    if a.ndim > 1:
                        self.save(np.asfortranarray(big), f"{name}-{i}-bigf", **about)
            a = random_array(name, (4, 5))
            self.save(a, f"{name}-v2", version=(2, 0), dtype=name, **{"as": name if void else ""})
            self.save(a, f"{name}-v3", version=(3, 0), dtype=name, **{"as": name if void else ""})

    def strings(self):
        text = ["", "a", "bcd", "é", "日本語", "\U0001f600 x", "a\0b", "  ", "'\"\\\n"]
        raw = [b"", b"a", b"\xff\xfe", b"a\0b", b"abc"]
        ends = ["x\0", "", "\0"]
        many = [f"number {i}" for i in range(3000)]
        for name, values, dt in [("U", text, "U"), ("S", raw, "S"), ("Ubig", text, ">U7"), ("Uempty", [], "U"),
                                 ("Sempty", [], "S"), ("Uonlyempty", ["", ""], "U"), ("Umany", many, "U"), ("Smany", many, "S")]:
            self.save(np.array(values, dtype=dt), "str-" + name, canonical=name[0] in "US" and name not in ("Ubig", "Sempty", "Smany"))
        for name, values in [("O", text), ("Obytes", raw), ("Oends", ends), ("Omany", many), ("Oempty", []), ("Olong", ["x" * 300, "y" * 70000]), ("Osame", many[:3] * 4)]:
            self.save(np.array(values, dtype=object), "str-" + name)
        self.save(np.array("scalar"), "str-U0d", canonical=True)
        self.save(np.array("scalar", dtype=object), "str-O0d")
        square = np.array(text[:6]).reshape(2, 3)
        self.save(square, "str-U2d", canonical=True)
        self.save(np.asfortranarray(square), "str-U2df")
        self.save(np.asfortranarray(square.astype(object)), "str-O2df")
        self.save(np.asfortranarray(np.array(raw[:4], dtype="S").reshape(2, 2)), "str-S2df")
        self.save(np.array(text, dtype=np.dtypes.StringDType()), "str-T")
        for protocol in range(0, 6):
            for kind, values in ("text", text), ("bytes", raw):
                a = np.array(values + values[1:], dtype=object)
                name = f"str-pickle{protocol}{kind}"
                self.save(a, name)
                with open(os.path.join(self.folder, name + ".npy"), "wb") as f:
                    npformat.write_array_header_1_0(f, npformat.header_data_from_array_1_0(a))
                    f.write(__import__("pickle").dumps(a, protocol=protocol))

    def archives(self):
        some = {name: random_array(name, (4, 5)) for name in NUMERIC if dtype_of(name).kind != "V" and name != "float8_e5m2"}
        some["text"] = np.array(["a", "é"])
        some["deep/er name"] = np.arange(3)
        some["zero"] = np.zeros(0)
        some["fortran"] = np.asfortranarray(random_array("float32", (40, 30)))
        np.savez(os.path.join(self.folder, "stored.npz"), **some)
        np.savez_compressed(os.path.join(self.folder, "deflated.npz"), **some)
        for name, a in some.items():
            self.save(a, "npz-" + name.replace("/", "_"))
        return list(some)

    def narrow(self):
        """Tables for the halves: every one as float32, and float32s around all roundings."""
        types = ["float16", "bfloat16", "float8_e4m3fn", "float8_e5m2"]
        for name in types:
            t = dtype_of(name)
            bits = np.arange(1 << (8 * t.itemsize)).astype(f"u{t.itemsize}")
            wide = bits.view(t).astype(np.float32)
            np.save(os.path.join(self.folder, f"widen-{name}.npy"), wide.view(np.uint32))
            # All numbers, the points halfway between neighbours, and the float32s
            # next to both; beyond the largest too.
            v = np.unique(np.abs(wide[np.isfinite(wide)]).astype(np.float64))
            step = v[-1] - v[-2]
            v = np.concatenate([v, v[-1] + step * np.arange(1, 4)])
            points = np.concatenate([v, (v[1:] + v[:-1]) / 2])
            points = points.astype(np.float32)
            points = np.concatenate([points, np.nextafter(points, np.float32(np.inf)), np.nextafter(points, np.float32(0))])
            special = np.array([0, 1, 2, 0x7fffff, 0x800000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fc00001,
                                0x7fffffff, 0x7fbfffff, 0x7fc02000, 0x7f802000], dtype=np.uint32)
            random = rng.integers(0, 1 << 32, 200_000, dtype=np.uint64).astype(np.uint32)
            near = (rng.uniform(-1, 1, 200_000) * 10.0 ** rng.uniform(-9, 5, 200_000)).astype(np.float32).view(np.uint32)
            inputs = np.concatenate([points.view(np.uint32), special])
            inputs = np.concatenate([inputs, inputs | np.uint32(0x80000000), random, near])
            np.save(os.path.join(self.folder, f"narrow-{name}-in.npy"), inputs)
            np.save(os.path.join(self.folder, f"narrow-{name}-out.npy"), inputs.view(np.float32).astype(t).view(f"u{t.itemsize}"))

        for name, bits in {"float8_e4m3fnuz": 8, "float8_e4m3b11fnuz": 8, "float8_e5m2fnuz": 8, "float4_e2m1fn": 4}.items():
            wide = np.arange(1 << bits).astype(np.uint8).view(dtype_of(name)).astype(np.float32)
            np.save(os.path.join(self.folder, f"widen-{name}.npy"), wide.view(np.uint32))

    def show(self, a):
        a = np.asarray(a)
        name = f"print-{len(self.prints)}"
        item = {"name": name, "text": str(a), "as": a.dtype.name if hasattr(ml_dtypes, a.dtype.name) and a.dtype.kind in "Vf" and a.dtype.itemsize == 1 or a.dtype.name in ("int4", "uint4") else ""}
        with open(os.path.join(self.folder, name + ".npy"), "wb") as f:
            npformat.write_array(f, np.ascontiguousarray(a).reshape(a.shape))
        self.prints.append(item)

    def printing(self):
        floats = [np.float16, np.float32, np.float64]
        special = [np.nan, np.inf, -np.inf, 0.0, -0.0]
        for t in floats:
            fi = np.finfo(t)
            one = special + [1, -1, 0.1, 1 / 3, 2.5, 100, 12345, 1e-4, 9.9e-5, 1e-5, 999.5, 1000, 65504, 1e15, 1e16, 123456789,
                             16777217, 2**53, fi.max, fi.tiny, fi.smallest_subnormal, 3.14159265358979, 1e22, 5e-324, 0.30000000000000004]
            for v in one:
                v = np.array(v).astype(t)
                self.show(v)
                self.show(v.reshape(1))
                self.show(np.array([v, 1], dtype=t))
                self.show(np.array([v, np.nan], dtype=t))
            for pick in ([], [1, 2, 3], [1.5, 2.25, -3], [1e-10, 1], [1e10, 1], [0.1, 0.2, 0.3], [1e8, 1], [99999999.0, 1],
                         [999999.0, 1], [1e6, 1], [1000, 1], [1001, 1], [0.0001, 0.05], [0.00009, 0.05], [1, np.nan], [np.nan] * 3,
                         [np.inf, 1], [-np.inf, 1], [-np.inf], [np.nan, -np.inf, 1e-20], [np.inf, -0.0], [0, 0], [-0.0, 0], special,
                         [1e100, 1e-100], [1e-300, 1], [0.1, 1e-9], [1.2345678901234, 1.2], [-1.5, 10.25, -100.125], [1 / 3, 2 / 3, 1e3 / 3]):
                self.show(np.array(pick, dtype=t))
            for scale in (1, 1e-3, 1e3, 1e5, 1e-6):
                for shape in ((7,), (3, 4), (2, 3, 4), (40,), (1001,), (5, 400), (20, 30, 4)):
                    self.show((rng.standard_normal(shape) * scale).astype(t))
            for _ in range(60):
                n = int(rng.integers(1, 12))
                v = rng.standard_normal(n) * 10.0 ** rng.integers(-12, 12)
                if rng.integers(3) == 0:
                    v = np.round(v, int(rng.integers(0, 4)))
                if rng.integers(4) == 0:
                    v[rng.integers(n)] = special[rng.integers(5)]
                self.show(v.astype(t))
            for e in range(max(fi.minexp - 2, -140), min(fi.maxexp, 140)):  # where neighbours are not equally far
                self.show(np.array([2.0**e, 1.5 * 2.0**e], dtype=t))
                self.show(np.array(2.0**e, dtype=t))
            for v in (99999, 123456, 999999, 999999.9, 1e6, 1234567, 16777215, 1e8, 9.99e15, 999, 999.5, 1001):
                self.show(np.array(v, dtype=t))
            for _ in range(60):  # any bits
                raw = rng.integers(0, 256, int(rng.integers(1, 6)) * np.dtype(t).itemsize, dtype=np.uint8)
                self.show(raw.view(t))
        for t in (np.complex64, np.complex128):
            for v in (0, 1, 1j, 1 + 2j, -1.5 - 0.25j, complex(np.nan, 1), complex(1, np.nan), complex(np.inf, -np.inf), complex(-0.0, 1),
                      complex(0, -0.0), 1 / 3 + 2j / 3, 1e20 - 1e-20j, 1e-5, 123456789j):
                self.show(np.array(v, dtype=t))
                self.show(np.array([v], dtype=t))
                self.show(np.array([v, 1 - 1j], dtype=t))
            for scale in (1, 1e-6, 1e7):
                for shape in ((5,), (3, 4), (2000,)):
                    self.show(((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) * scale).astype(t))
        for name in NUMERIC[:9] + ["int4", "uint4", "bfloat16", "float8_e4m3fn", "float8_e5m2"]:
            for shape in ((), (1,), (5,), (30,), (3, 4), (2, 2, 2), (999,), (1000,), (1001,), (600, 2), (2, 600), (7, 7, 30), (6, 200), (2, 2, 2, 2, 100), (4, 0)):
                self.show(random_array(name, shape))
        for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
            t = dtype_of(name)
            v = np.arange(256, dtype=np.uint8).view(t) if t.itemsize == 1 else np.arange(0, 65536, 97, dtype=np.uint16).view(t)
            for i in range(0, len(v), 5):
                self.show(v[i:i + 5])
        self.show(np.arange(65536, dtype=np.uint16).view(np.float16)[:900])
        for v in range(0, 65536, 41):  # scalars have all digits
            self.show(np.array(v, dtype=np.uint16).view(np.float16).reshape(()))
        texts = ["", "a", "bcd", "it's", 'say "x"', "both ' and \"", "é\n\t\r", "\x7f\x01", "\u200b\xad", "日本語", "\U0001f600", "\U000e0001", "back\\slash", "a\0b"]
        self.show(np.array(texts))
        for s in texts:
            self.show(np.array([s]))
            self.show(np.array(s))
        self.show(np.array(["word " * (i % 7) for i in range(50)]))
        self.show(np.array([["x" * 100, "y"], ["z" * 80, "w"]]))
        self.show(np.array([f"{i}" for i in range(1100)]).reshape(11, 100))
        self.show(np.zeros((1,) * 10))


def write(folder):
    f = Fixtures(folder)
    f.numeric()
    f.strings()
    names = f.archives()
    f.narrow()
    f.printing()
    with open(os.path.join(folder, "manifest.json"), "w") as out:
        json.dump({"numpy": np.__version__, "arrays": f.arrays, "prints": f.prints, "npz": names}, out)


def check(folder):
    with open(os.path.join(folder, "check.json")) as f:
        todo = json.load(f)
    bad = 0
    for kind, theirs, ours in todo:
        try:
            problem = compare(kind, os.path.join(folder, theirs), os.path.join(folder, ours))
        except Exception as e:
            problem = f"{type(e).__name__}: {e}"
        if problem:
            print(f"{kind} {theirs} {ours}: {problem}")
            bad += 1
    print(f"{len(todo)} checked, {bad} bad")
    sys.exit(bad > 0)


def compare(kind, theirs, ours):
    if kind == "npz":
        a, b = np.load(theirs), np.load(ours)
        if sorted(a.files) != sorted(b.files):
            return f"names {a.files} {b.files}"
        return next((f"{n}: {p}" for n in a.files if (p := differ(a[n], b[n]))), None)
    if kind == "same bytes":
        with open(theirs, "rb") as a, open(ours, "rb") as b:
            return None if a.read() == b.read() else "files differ"
    a = np.lib.format.read_array(open(theirs, "rb"), allow_pickle=True)
    b = np.lib.format.read_array(open(ours, "rb"), allow_pickle=True)
    if kind == "same strings":
        text = lambda v: [x.encode() if isinstance(x, str) else x for x in v.ravel().tolist()]
        return None if a.shape == b.shape and text(a) == text(b) else f"{a!r} is not {b!r}"
    return differ(a, b)


def differ(a, b):
    a = a.astype(a.dtype.newbyteorder("<"))
    if a.dtype != b.dtype or a.shape != b.shape or a.tobytes("C") != b.tobytes("C"):
        return f"{a!r} is not {b!r}"


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2])
