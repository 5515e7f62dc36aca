"""Writes tables with pandas and NumPy, and checks those that ndflow has written.

    tables.py write DIR          tables in every format, all of the same content
    tables.py check DIR NAME...  what ndflow made of them
"""

import json
import os
import sys

import numpy as np
import pandas as pd


def content():
    n = 1000
    r = np.random.default_rng(1)
    f = r.normal(size=n) * 10.0 ** r.integers(-300, 300, size=n)
    f[::7] = np.nan
    words = ["plain", "a, b", 'say "hi"', "two\nlines", "ünï 😀", " spaces ", "007", "NaN?"]
    return {
        "i": r.integers(-(2**63), 2**63, size=n, dtype=np.int64),
        "u": r.integers(2**63, 2**64, size=n, dtype=np.uint64),
        "f": f,
        "g": r.normal(size=n).astype(np.float32),
        "b": r.integers(0, 2, size=n).astype(bool),
        "s": np.array([words[k % len(words)] for k in range(n)]),
    }


def write(folder):
    c = content()
    df = pd.DataFrame({k: v for k, v in c.items()})
    at = lambda name: os.path.join(folder, name)
    df.to_csv(at("pandas.csv"), index=False)
    df.to_json(at("pandas.jsonl"), orient="records", lines=True, double_precision=15)
    df.to_parquet(at("pandas.parquet"))
    df.to_feather(at("pandas.feather"))
    np.savez(at("numpy.npz"), **c)
    with open(at("python.json"), "w") as out:
        json.dump({k: v.tolist() for k, v in c.items()}, out)
    with open(at("records.json"), "w") as out:
        json.dump(json.loads(df.drop(columns="f").to_json(orient="records", double_precision=15)), out, indent=1)
    m = np.arange(12, dtype=np.float64).reshape(4, 3) / 7
    np.save(at("matrix.npy"), m)
    np.savetxt(at("matrix.csv"), m, delimiter=",", fmt="%.17g")
    with open(at("matrix.json"), "w") as out:
        json.dump(m.tolist(), out)


def load(path):
    """A file as a dict of arrays."""
    end = os.path.splitext(path)[1]
    if end == ".npz":
        with np.load(path) as z:
            return dict(z)
    if end == ".npy":
        return {"": np.load(path)}
    if end == ".json":
        with open(path) as f:
            d = json.load(f)
        return {k: np.array(v) for k, v in d.items()} if isinstance(d, dict) else {"": np.array(d)}
    if end == ".csv" and os.path.basename(path).startswith("matrix"):
        return {"": np.loadtxt(path, delimiter=",")}
    if end == ".csv":
        df = pd.read_csv(path, float_precision="round_trip", dtype={"s": str})
    elif end == ".jsonl":
        df = pd.DataFrame([json.loads(line) for line in open(path)])
        pd.read_json(path, lines=True)  # it can, though it does not read all digits
    elif end == ".parquet":
        df = pd.read_parquet(path)
    else:
        df = pd.read_feather(path)
    return {k: df[k].to_numpy() for k in df.columns}


def check(folder, names):
    matrix = {"": np.arange(12, dtype=np.float64).reshape(4, 3) / 7}
    for name in names:
        have = load(os.path.join(folder, name))
        want = matrix if name.startswith("matrix") else content()
        for k, w in want.items():
            if k == "f" and "f" not in have and "records" in name:
                continue
            h = have[k]
            if w.dtype.kind == "f":
                if "jsonl" in name.split("-")[0] or "records" in name.split("-")[0]:
                    good = np.allclose(h, w, rtol=1e-6, atol=1e-9, equal_nan=True)  # pandas' JSON has lost digits
                else:
                    good = np.array_equal(h.astype(w.dtype), w, equal_nan=True)
            elif w.dtype.kind == "U":
                good = list(h) == list(w)
            else:
                good = h.dtype.kind in (w.dtype.kind, "O") and [int(x) for x in h] == [int(x) for x in w]
            if not good:
                sys.exit(f"{name}: {k}: have {h.dtype} {h[:3]}, want {w.dtype} {w[:3]}")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(sys.argv[2])
    else:
        check(sys.argv[2], sys.argv[3:])
