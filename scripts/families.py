#!/usr/bin/env python3
"""Writes internal/opgen/families.txt: which of TensorFlow's families each op is of.

    $(scripts/python --tensorflow) scripts/families.py

TensorFlow keeps the definitions of its ops in files (math_ops.cc, nn_ops.cc, ...), which
neither the library nor an OpDef tells. But each of them has become a module of the Python
wheel (gen_math_ops.py, ...), which names the ops it calls. Those modules are read, not run.
"""

import importlib.util
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
TABLE = ROOT / "internal" / "opgen" / "families.txt"


def families():
    package = pathlib.Path(importlib.util.find_spec("tensorflow").origin).parent
    found = {}
    for module in sorted(package.rglob("gen_*.py")):
        ops = set(re.findall(r'_apply_op_helper\(\s*"(\w+)"', module.read_text()))
        family = module.stem.removeprefix("gen_")
        if "python/tpu" in module.as_posix():
            family = "tpu_" + family  # another gen_xla_ops.py
        if ops:
            found[family] = sorted(ops)
    return found


def main():
    lines = ["# The ops of each family. Written by scripts/families.py."]
    for family, ops in families().items():
        lines.append("")
        lines.append(family)
        lines += textwrap.wrap(" ".join(ops), 98, initial_indent="  ", subsequent_indent="  ")
    TABLE.write_text("\n".join(lines) + "\n")


main()
