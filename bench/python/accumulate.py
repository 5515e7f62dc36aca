"""Results of many batches in one array."""

import numpy as np
from network import build_with, session
from peer import Missing, load, repeat, work


@work("accumulate")
def accumulate(feeds, consts, ops, batch, how="rows", inline=False):
    """The results of a network for all rows of its input, batch by batch.

    how is "rows" (each copied to its rows of one array) or "join" (kept in a list, and
    concatenated at the end).
    """
    (x,), consts = [load(path) for path in feeds], [load(path) for path in consts]
    run, (name,), fetch, close = session(build_with(ops), [x], consts, inline)
    parts = [slice(lo, lo + batch) for lo in range(0, len(x), batch)]
    first = run(fetch, {name: x[parts[0]]})
    everything = np.ones((len(x), *first.shape[1:]), first.dtype)

    def rows():
        for part in parts:
            everything[part] = run(fetch, {name: x[part]})
        return everything

    def join():
        return np.concatenate([run(fetch, {name: x[part]}) for part in parts])

    f = {"rows": rows, "join": join}.get(how)
    if f is None:
        raise Missing("Python's peer accumulates nothing by " + how)
    return repeat(lambda: {"result": f()}, close)
