"""Prints, as JSON, what NumPy says of each .npy file in a folder.

usage: numpy_stat.py FOLDER

A file's name begins with its dtype, "bfloat16-2.npy": NumPy's files do not tell those of
ml_dtypes apart.
"""

import json
import pathlib
import sys

import ml_dtypes
import numpy as np


def load(path):
    array = np.load(path)
    name = path.name.split("-")[0]
    return array.view(np.dtype(getattr(ml_dtypes, name))) if array.dtype.kind == "V" else array


def say(array):
    wide = array.astype(np.longdouble) if array.dtype.kind in "iuf" else array.astype(np.float64).astype(np.longdouble)
    seen = wide[~np.isnan(wide)]
    with np.errstate(all="ignore"):
        numbers = [seen.min(), seen.max(), seen.mean(), seen.std()] if seen.size else [np.nan] * 4
    return {
        "Count": array.size,
        "Zeros": int((wide == 0).sum()),
        "NaNs": int(np.isnan(wide).sum()),
        "Infs": int(np.isinf(wide).sum()),
        # As text, since JSON has no NaN.
        "Numbers": [repr(float(x)) for x in numbers],
    }


print(json.dumps({path.stem: say(load(path)) for path in pathlib.Path(sys.argv[1]).glob("*.npy")}))
