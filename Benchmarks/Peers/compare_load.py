"""Reads tables with Maru and with pandas and polars in turn, and prints how they compare.

Both tables of `benchmarks load` are read from the system's memory, each by a process of its own, on all
cores.
"""

import argparse
import importlib.metadata
import json
import statistics
import sys
import tempfile
from pathlib import Path

import compare
from compare import BENCHMARKS, Failure, aligned, note, output
from load_peer import LIBRARIES

FOLDER = Path(__file__).resolve().parent
TABLES = ["pixels", "floats"]


def measure(backend, path, repeats):
    """The results of the readings, which a process of its own prints."""
    if backend == compare.OURS:
        command = [BENCHMARKS, "load", path, "--json"]
    else:
        command = [sys.executable, FOLDER / "load_peer.py", path, "--library", backend]
    return list(map(json.loads, output([*command, "--repeats", repeats]).splitlines()))


def median(results, key="ms"):
    return statistics.median(result[key] for result in results)


def table(name, megabytes, results):
    """Results are lists, one entry a reading, by backend."""
    rows = [[name, "read ms", "ready ms", "min–max", "MB/s", "rows", "features", "ours/peer"]]
    for backend, readings in results.items():
        times = [reading["ms"] for reading in readings]
        rows.append(
            [
                backend,
                f"{median(readings, 'read_ms'):.0f}" if "read_ms" in readings[0] else "–",
                f"{median(readings):.0f}",
                f"{min(times):.0f}–{max(times):.0f}",
                f"{megabytes / median(readings) * 1e3:.0f}",
                f"{readings[0]['rows']:,}",
                str(readings[0]["features"]),
                ""
                if backend == compare.OURS
                else f"{median(results[compare.OURS]) / median(readings):.2f}",
            ]
        )
    return aligned(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", choices=TABLES, nargs="+", default=TABLES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3, help="measured in each round")
    parser.add_argument("--data-directory", help="looked into first for MNIST, as maru does")
    options = parser.parse_args()
    compare.install("load")
    print("\n".join(compare.machine()))
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES))
    with tempfile.TemporaryDirectory() as folder:
        command = [BENCHMARKS, "load", "--write", folder, "--table", ",".join(options.table)]
        if options.data_directory:
            command += ["--data-directory", options.data_directory]
        output(command)
        for name in options.table:
            path = Path(folder) / f"{name}.csv"
            results = {backend: [] for backend in [compare.OURS, *LIBRARIES]}
            for turn in range(options.rounds):
                for backend, readings in results.items():
                    note(f"{name}, round {turn + 1} of {options.rounds}: {backend}")
                    readings += measure(backend, path, options.repeats)
            megabytes = path.stat().st_size * 1e-6
            print()
            print("\n".join(table(f"{name}, {megabytes:.0f} MB", megabytes, results)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"the tables could not be compared: {failure}")
