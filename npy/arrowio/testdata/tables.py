"""Writes tables with pyarrow and pandas for the tests, and reads what ndflow wrote.

    tables.py write DIR          tables of all kinds, and a manifest.json of what is in them
    tables.py check DIR          compares each table of check.json with its .npz
"""

import json
import os
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.ipc
import pyarrow.parquet as pq

ROWS = 1000
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
          "float16", "float32", "float64"]


def numbers(dtype, shape):
    r = np.random.default_rng(len(shape) + np.dtype(dtype).num)
    if dtype == "bool":
        return r.integers(0, 2, shape).astype(bool)
    if dtype.startswith("float"):
        a = r.standard_normal(shape).astype(dtype)
        a.flat[:3] = [np.nan, np.inf, -0.0]
        return a
    info = np.iinfo(dtype)
    return r.integers(info.min, info.max, shape, dtype=dtype, endpoint=True)


def tensor(a):
    return pa.FixedShapeTensorArray.from_numpy_ndarray(a)


def rows_of(a):
    return pa.FixedSizeListArray.from_arrays(pa.array(a.reshape(-1)), a.shape[1])


def write(folder):
    words = [["", "a", "Grüße", "日本語", "x" * 100][i % 5] for i in range(ROWS)]
    manifest = {}

    def keep(name, expect, error=None):
        """What is in the table: the columns' values, of numbers in a .npz."""
        strings = {k: v for k, v in expect.items() if isinstance(v, list)}
        np.savez(os.path.join(folder, name + ".npz"), **{k: v for k, v in expect.items() if k not in strings})
        manifest[name] = {"strings": strings, "columns": list(expect)}

    flat = {d: numbers(d, (ROWS,)) for d in DTYPES}
    wide = {"rows-" + d: numbers(d, (ROWS, 3)) for d in DTYPES}
    deep = {"deep-" + d: numbers(d, (ROWS, 2, 3)) for d in DTYPES if d != "bool"}
    full = pa.table({**flat, **{k: rows_of(a) for k, a in wide.items()}, **{k: tensor(a) for k, a in deep.items()},
                     "text": pa.array(words)})
    expect = {**flat, **wide, **deep, "text": words}

    def files(name, table, expect, batch=300):
        options = {None: "none", "lz4": "lz4", "zstd": "zstd"}
        for codec, word in options.items():
            o = pa.ipc.IpcWriteOptions(compression=codec)
            with pa.ipc.new_file(os.path.join(folder, f"{name}-{word}.arrow"), table.schema, options=o) as w:
                w.write_table(table, max_chunksize=batch)
            keep(f"{name}-{word}.arrow", expect)
        with pa.ipc.new_stream(os.path.join(folder, f"{name}.arrows"), table.schema) as w:
            w.write_table(table, max_chunksize=batch)
        keep(f"{name}.arrows", expect)
        for codec in ["none", "snappy", "gzip", "zstd", "lz4", "brotli"]:
            pq.write_table(table, os.path.join(folder, f"{name}-{codec}.parquet"), compression=codec, row_group_size=batch)
            keep(f"{name}-{codec}.parquet", expect)

    files("full", full, expect)

    kinds = pa.table({
        "large": pa.array(words, pa.large_string()),
        "binary": pa.array([w.encode() for w in words], pa.binary()),
        "largebinary": pa.array([w.encode() for w in words], pa.large_binary()),
        "fixed": pa.array(["%04d" % i for i in range(ROWS)], pa.string()).cast(pa.binary()).cast(pa.binary(4)),
        "dictionary": pa.array(words).dictionary_encode(),
        "numbers": pa.array(flat["int64"] % 7).dictionary_encode(),
        "lists": pa.array(list(wide["rows-float32"]), pa.list_(pa.float32())),
        "largelists": pa.array(list(wide["rows-int64"]), pa.large_list(pa.int64())),
        "nested": pa.array(deep["deep-float64"].tolist(), pa.list_(pa.list_(pa.float64(), 3), 2)),
    })
    kept = {"large": words, "binary": words, "largebinary": words, "fixed": ["%04d" % i for i in range(ROWS)],
            "dictionary": words, "numbers": flat["int64"] % 7, "lists": wide["rows-float32"],
            "largelists": wide["rows-int64"], "nested": deep["deep-float64"]}
    files("kinds", kinds, kept)
    views = pa.table({"view": pa.array(words, pa.string_view()), "bytes": pa.array([w.encode() for w in words], pa.binary_view())})
    with pa.ipc.new_file(os.path.join(folder, "views.arrow"), views.schema) as w:
        w.write_table(views, max_chunksize=300)
    keep("views.arrow", {"view": words, "bytes": words})

    frame = pd.DataFrame({"x": flat["float64"], "n": flat["int32"], "flag": flat["bool"], "word": words,
                          "kind": pd.Categorical(words), "vector": list(wide["rows-float32"])})
    kept = {"x": flat["float64"], "n": flat["int32"], "flag": flat["bool"], "word": words, "kind": words,
            "vector": wide["rows-float32"]}
    frame.to_feather(os.path.join(folder, "pandas.feather"))
    frame.to_parquet(os.path.join(folder, "pandas.parquet"))
    for name in "pandas.feather", "pandas.parquet":
        keep(name, kept)

    # An empty table, and a batch with no rows in the middle.
    empty = full.slice(0, 0).select(DTYPES + ["text"])
    with pa.ipc.new_file(os.path.join(folder, "empty.arrow"), empty.schema):
        pass
    pq.write_table(empty, os.path.join(folder, "empty.parquet"))
    for name in "empty.arrow", "empty.parquet":
        keep(name, {**{d: flat[d][:0] for d in DTYPES}, "text": []})
    some = full.select(["int32", "text"])
    with pa.ipc.new_file(os.path.join(folder, "gap.arrow"), some.schema) as w:
        for lo, hi in (0, 300), (300, 300), (300, ROWS):
            for b in some.slice(lo, hi - lo).to_batches() or [pa.RecordBatch.from_pylist([], some.schema)]:
                w.write_batch(b)
    keep("gap.arrow", {"int32": flat["int32"], "text": words})

    # Nulls, of values and of whole rows, and what npy has no dtype for.
    x = flat["float64"].copy()
    holes = np.arange(ROWS) % 7 == 3
    as_nan = x.copy()
    as_nan[holes] = np.nan
    rows = wide["rows-float32"].copy()
    rows[holes] = np.nan
    nulls = pa.table({"x": pa.array(x, mask=holes),
                      "half": pa.array(flat["float16"], mask=holes),
                      "rows": pa.FixedSizeListArray.from_arrays(pa.array(wide["rows-float32"].reshape(-1)), 3, mask=pa.array(holes)),
                      "n": pa.array(flat["int64"], mask=holes),
                      "text": pa.array(words, mask=holes)})
    half = flat["float16"].copy()
    half[holes] = np.nan
    for ext, put in ("arrow", lambda p: pa.feather.write_feather(nulls, p, compression="uncompressed", chunksize=300)), \
                    ("parquet", lambda p: pq.write_table(nulls.drop(["rows"]), p, row_group_size=300)):
        put(os.path.join(folder, "nulls." + ext))
    keep("nulls.arrow", {"x": as_nan, "half": half, "rows": rows})
    keep("nulls.parquet", {"x": as_nan, "half": half}) # pyarrow writes no null rows
    other = pa.table({"x": pa.array([1.0, 2.0]), "time": pa.array([1, 2], pa.timestamp("ns")),
                      "money": pa.array([1, 2]).cast(pa.decimal128(21, 2)),
                      "point": pa.array([{"a": 1}, {"a": 2}]),
                      "ragged": pa.array([[1], [2, 3]]),
                      "none": pa.nulls(2)})
    pa.feather.write_feather(other, os.path.join(folder, "other.arrow"), compression="uncompressed")
    pq.write_table(other, os.path.join(folder, "other.parquet"))

    with open(os.path.join(folder, "manifest.json"), "w") as f:
        json.dump(manifest, f)


def same(name, have, want):
    want = np.asarray(want)
    have = np.asarray(have)
    if want.dtype.kind == "U":
        assert [str(w) for w in want.reshape(-1)] == [str(h) for h in have.reshape(-1)], name
        return
    assert have.dtype == want.dtype, (name, have.dtype, want.dtype)
    assert have.shape == want.shape, (name, have.shape, want.shape)
    assert np.array_equal(have, want, equal_nan=want.dtype.kind == "f"), name


def column(c):
    """A pyarrow column as the array that it is."""
    c = c.combine_chunks() if isinstance(c, pa.ChunkedArray) else c
    if isinstance(c.type, pa.FixedShapeTensorType):
        if c.type.value_type == pa.bool_():
            return c.storage.flatten().to_numpy(zero_copy_only=False).reshape([len(c)] + list(c.type.shape))
        return c.to_numpy_ndarray()
    shape = [len(c)]
    while pa.types.is_fixed_size_list(c.type):
        shape.append(c.type.list_size)
        c = c.flatten()
    return c.to_numpy(zero_copy_only=False).reshape(shape)


def check(folder):
    with open(os.path.join(folder, "check.json")) as f:
        todo = json.load(f)
    for name, stored in todo.items():
        path = os.path.join(folder, name)
        want = np.load(os.path.join(folder, stored), allow_pickle=True)
        if name.endswith(".parquet"):
            tables, frame = [pq.read_table(path)], pd.read_parquet(path)
        elif name.endswith(".arrows"):
            with pa.OSFile(path) as f:
                tables, frame = [pa.ipc.open_stream(f).read_all()], None
        else:
            mapped = pa.memory_map(path)
            tables, frame = [pa.ipc.open_file(mapped).read_all(), pa.feather.read_table(path)], pd.read_feather(path)
        for t in tables:
            t.validate(full=True)
            assert t.column_names == list(want), (name, t.column_names, list(want))
            for key in want:
                same(f"{name}: {key}", column(t[key]), want[key])
        if frame is None:
            continue
        for key in want:
            have = frame[key].to_numpy()
            if want[key].ndim > 1:
                have = np.stack([np.stack(list(h)) if h.dtype == object else h for h in have]).reshape(want[key].shape)
            same(f"{name} in pandas: {key}", have, want[key])
    print(len(todo))


if __name__ == "__main__":
    {"write": write, "check": check}[sys.argv[1]](sys.argv[2])
