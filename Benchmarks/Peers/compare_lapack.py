"""Factors matrices with Maru and with NumPy and SciPy in turn, and prints how they compare.

Both go through the same routines, sizes and precisions, copies in and out included, each in a
process of its own, on all cores. NumPy brings an OpenBLAS of its own, which is newer than Debian's.
"""

import argparse
import json
import os
import statistics
import sys
from pathlib import Path

import compare
from compare import BENCHMARKS, Failure, aligned, note, output

FOLDER = Path(__file__).resolve().parent
DTYPES = ["float32", "float64"]


def measure(backend, dtype, sizes, repeats):
    """The milliseconds of each routine and size."""
    if backend == compare.OURS:
        threads = len(os.sched_getaffinity(0))
        command = [BENCHMARKS, "lapack", "--json", "--threads", threads]
    else:
        command = [sys.executable, FOLDER / "lapack_peer.py"]
    command += ["--dtype", dtype, "--repeats", repeats, "--sizes", *sizes]
    lines = map(json.loads, output(command).splitlines())
    return {(line["routine"], line["n"]): line["median_ms"] for line in lines}


def table(ours, peer, dtype):
    """Results are lists, one entry a round."""
    rows = [[dtype, "n", "maru ms", "numpy ms", "ours/peer"]]
    for routine, n in ours[0]:
        times = [
            statistics.median(round[routine, n] for round in rounds) for rounds in (ours, peer)
        ]
        rows.append(
            [routine, str(n), *(f"{time:.3f}" for time in times), f"{times[0] / times[1]:.2f}"]
        )
    return aligned(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 256, 784])
    parser.add_argument("--dtype", choices=DTYPES, nargs="+", default=DTYPES)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=5, help="measured in each round")
    options = parser.parse_args()
    for peer in ["numpy", "lapack"]:
        compare.install(peer)
    print("\n".join(compare.machine()))
    for dtype in options.dtype:
        ours, peer = [], []
        for turn in range(options.rounds):
            for backend, rounds in [(compare.OURS, ours), ("numpy", peer)]:
                note(f"{dtype}, round {turn + 1} of {options.rounds}: {backend}")
                rounds.append(measure(backend, dtype, options.sizes, options.repeats))
        print()
        print("\n".join(table(ours, peer, dtype)), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"the factorisations could not be compared: {failure}")
