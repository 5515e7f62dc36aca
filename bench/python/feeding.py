"""Arrays back to tensors."""

import numpy as np
from network import build_with, session
from peer import Missing, load, repeat, tensorflow, work

OPS = [{"op": "Shape", "in": [0]}]


@work("feed")
def feed(file, how):
    """Feeds a file's array to a step that looks at its shape.

    how is "aligned" or "misaligned" (to 64 bytes), "file" (mapped), "open" (for each step),
    "lists" (Python's, in lists), or "constant" (tf.constant, and tf.shape of it)."""
    x = load(file)
    if how == "constant":
        tf = tensorflow()
        return repeat(lambda: {"result": tf.shape(tf.constant(x)).numpy()})
    run, (name,), fetch, close = session(build_with(OPS), [x], [], inline=True)
    if how == "misaligned":
        x = shifted(x)
    if how == "lists":
        x = x.tolist()
    if how == "file":
        x = np.load(file, mmap_mode="r")
    if how == "open":
        return repeat(lambda: {"result": run(fetch, {name: np.load(file, mmap_mode="r")})}, close)
    if how in ("aligned", "misaligned", "file", "lists"):
        return repeat(lambda: {"result": run(fetch, {name: x})}, close)
    raise Missing("Python's peer feeds nothing as " + how)


def shifted(x):
    """A copy four bytes behind a boundary of 64."""
    raw = np.empty(x.nbytes + 128, np.uint8)
    at = -raw.ctypes.data % 64 + 4
    a = raw[at : at + x.nbytes].view(x.dtype).reshape(x.shape)
    a[...] = x
    return a
