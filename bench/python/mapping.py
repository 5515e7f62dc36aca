"""A file through a model."""

import atexit
import contextlib
import os

import numpy as np
from peer import Missing, Work, tensorflow, work
from step import session


@work("mapping")
def mapping(model, file, out, rows, batch, how="batches"):
    """The first rows of a file through the small network, results to another file.

    how is "batches" (Session.run on a mapped file's rows) or "dataset" (tf.data)."""
    x = np.load(file, mmap_mode="r")[:rows]
    if how == "batches":
        run, (name,), fetches, _ = session(model, {"x": x})
        run(fetches, {name: x[:1]})  # which optimizes the graph

        def results():
            for lo in range(0, rows, batch):
                yield run(fetches, {name: x[lo : lo + batch]})["probs"]

    elif how == "dataset":
        tf = tensorflow()
        loaded = tf.saved_model.load(model)
        predict = loaded.signatures["serving_default"]

        def results():
            ds = tf.data.Dataset.from_tensor_slices(x).batch(batch)
            ds = ds.map(lambda rows: predict(x=rows)["probs"], tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
            return ds.as_numpy_iterator()

    else:
        raise Missing("Python's peer maps nothing by " + how)

    @atexit.register
    def remove():
        with contextlib.suppress(FileNotFoundError):
            os.remove(out)

    def run_all(n):
        for _ in range(n):
            probs = np.lib.format.open_memmap(out, "w+", np.float32, (rows, 4))
            lo = 0
            for part in results():
                probs[lo : lo + len(part)] = part
                lo += len(part)

    w = Work(run_all, lambda: {"probs": np.load(out, mmap_mode="r")})
    w.keeps = locals().get("loaded")  # which a signature does not keep alive
    return w
