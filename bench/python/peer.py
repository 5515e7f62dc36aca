"""Does the works of Python's TensorFlow and NumPy, as the line protocol asks.

Each file beside this one defines works: functions of a task's arguments that
prepare it and return a Work.
"""

import importlib
import importlib.metadata
import json
import os
import platform
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.modules["peer"] = sys.modules["__main__"]  # the files beside import it by its name

# What libraries print must not get between the answers.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

works = {}


class Missing(Exception):
    """Says what is not there, and how to get it."""


class Work:
    """run(n) does the work n times; results() returns the last one's arrays."""

    def __init__(self, run, results, measures=None, close=None):
        self.run, self.results, self.measures, self.close = run, results, measures, close


def work(name):
    """Makes a function the one that prepares the work of this name."""

    def add(f):
        works[name] = f
        return f

    return add


def repeat(f, close=None):
    """Makes a Work of a function that does it once and returns arrays by name."""
    last = None

    def run(n):
        nonlocal last
        for _ in range(n):
            last = f()

    return Work(run, lambda: last, None, close)


def tensorflow():
    """Returns the module, which takes seconds the first time."""
    try:
        import tensorflow
    except ImportError:
        raise Missing("this Python has no TensorFlow; get one with: scripts/python --tensorflow")
    return tensorflow


def load(path):
    """Returns the array in a file, in memory aligned as TensorFlow likes it."""
    import numpy as np

    a = np.load(path, allow_pickle=True)
    if a.dtype.hasobject:
        return a
    raw = np.empty(a.nbytes + 64, np.uint8)
    offset = -raw.ctypes.data % 64
    aligned = raw[offset : offset + a.nbytes].view(a.dtype).reshape(a.shape)
    aligned[...] = a
    return aligned


def do(current, q):
    import numpy as np

    if q["do"] == "setup":
        if q["work"] not in works:
            raise Missing("Python's peer has no work " + q["work"])
        current[q["id"]] = works[q["work"]](**(q.get("args") or {}))
        return {}
    w = current[q["id"]]
    if q["do"] == "run":
        w.run(q["n"])
        return {"measures": w.measures()} if w.measures else {}
    if q["do"] == "results":
        for name, a in w.results().items():
            np.save(os.path.join(q["dir"], name + ".npy"), a)
        return {}
    if q["do"] == "close":
        if w.close:
            w.close()
        del current[q["id"]]
        return {}
    raise ValueError("cannot do " + q["do"])


def main():
    import numpy as np

    here = os.path.dirname(os.path.abspath(__file__))
    for name in sorted(os.listdir(here)):
        if name.endswith(".py") and name != "peer.py":
            importlib.import_module(name[:-3])

    def version(package):
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            return None

    has = [("NumPy", np.__version__), ("TensorFlow", version("tensorflow-cpu") or version("tensorflow"))]
    name = ", ".join(["Python " + platform.python_version()] + ["%s %s" % p for p in has if p[1]])

    def say(a):
        answers.write(json.dumps(a) + "\n")
        answers.flush()

    say({"ready": 1, "name": name})
    current = {}
    for line in sys.stdin:
        try:
            say({"ok": True, **do(current, json.loads(line))})
        except Missing as e:
            say({"missing": str(e)})
        except Exception as e:
            say({"error": "%s: %s" % (type(e).__name__, e)})


main()
