"""Reads a table with pandas (its default engine, that in C) or with polars.

Prints a line of JSON a reading, as `benchmarks load --json` does: the time until the table is there, and
until its columns but for the label are one array in rows, of bytes or floats, and the label is another.
"""

import argparse
import importlib
import json
import time

import numpy as np

LABEL = "label"
LIBRARIES = ["pandas", "polars"]


def read(library, path):
    module = importlib.import_module(library)
    return module.read_csv(path, engine="c") if library == "pandas" else module.read_csv(path)


def arrays(library, table):
    """The samples, and their labels; whole numbers from 0 to 255 as bytes, others as 32-bit floats."""
    labels = table[LABEL].to_numpy()
    samples = table.drop(columns=LABEL) if library == "pandas" else table.drop(LABEL)
    samples = samples.to_numpy()
    is_of_bytes = samples.dtype.kind == "i" and samples.min() >= 0 and samples.max() <= 255
    return np.ascontiguousarray(samples, np.uint8 if is_of_bytes else np.float32), labels


def measure(library, path):
    start = time.perf_counter()
    table = read(library, path)
    read_seconds = time.perf_counter() - start
    samples, labels = arrays(library, table)
    seconds = time.perf_counter() - start
    return {
        "rows": len(labels),
        "features": samples.shape[1],
        "read_ms": read_seconds * 1e3,
        "ms": seconds * 1e3,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--library", choices=LIBRARIES, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    measure(options.library, options.file)
    for _ in range(options.repeats):
        print(json.dumps(measure(options.library, options.file)))


if __name__ == "__main__":
    main()
