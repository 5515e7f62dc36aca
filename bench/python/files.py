"""Tensors to files, and back."""

import os
import pickle

import numpy as np
from peer import Missing, Work, load, tensorflow, work


@work("save")
def save(array, folder, how):
    """Saves a tensor in a file that is written anew each time.

    how is "npy", "npz", "deflated" (another .npz) or "pickle" (protocol 5)."""
    t = tensorflow().constant(load(array))
    return saving(os.path.join(folder, "python-" + how), how, lambda: t)


@work("negate")
def negate(array, folder, how):
    """Saves the negative of a tensor, made each time anew, as "save" does."""
    t = tensorflow().constant(load(array))
    return saving(os.path.join(folder, "python-negative-" + how), how, lambda: -t)


def saving(path, how, make):
    savers = {
        "npy": np.save,
        "npz": lambda f, x: np.savez(f, x=x),
        "deflated": lambda f, x: np.savez_compressed(f, x=x),
        "pickle": lambda f, x: pickle.dump(x, f, protocol=5),
    }
    if how not in savers:
        raise Missing("Python's peer saves nothing as " + how)

    def run(n):
        for _ in range(n):
            with open(path, "wb") as f:
                savers[how](f, make().numpy())

    def measures():
        return {"file bytes": float(os.path.getsize(path))}

    return Work(run, lambda: {"result": read(how, path)}, measures, lambda: os.remove(path))


def read(how, path):
    if how == "pickle":
        with open(path, "rb") as f:
            return pickle.load(f)
    if how in ("npz", "deflated"):
        with np.load(path) as z:
            return z["x"]
    return np.load(path, mmap_mode="r" if how == "mapped" else None)


@work("load")
def load_back(array, folder, how):
    """Makes a tensor of a file, and looks at all of it (its maximum).

    how is as of "save", or "mapped"."""
    tf = tensorflow()
    paths = {"npy": "x.npy", "mapped": "x.npy", "npz": "x.npz", "deflated": "deflated.npz"}
    path, close = os.path.join(folder, paths.get(how, "x.pickle")), None
    if how == "pickle":
        with open(path, "wb") as f:
            pickle.dump(load(array), f, protocol=5)
        close = lambda: os.remove(path)
    elif how not in paths:
        raise Missing("Python's peer loads nothing as " + how)
    most = None

    def run(n):
        nonlocal most
        for _ in range(n):
            most = tf.reduce_max(tf.constant(read(how, path)))

    return Work(run, lambda: {"result": most.numpy()}, None, close)
