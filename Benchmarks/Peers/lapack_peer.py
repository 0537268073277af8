"""The factorisations of `benchmarks lapack` in NumPy, and where it has none, in SciPy.

Prints a line of JSON for each, as `benchmarks lapack --json` does.
"""

import argparse
import json
import statistics
import time

import numpy as np
from scipy.linalg import lapack


def least_squares_qr(a, b):
    """As LAPACK's driver has it, in blocks; SciPy has no function of it."""
    gels, query = lapack.get_lapack_funcs(("gels", "gels_lwork"), (a, b))
    size, _ = query(*a.shape, b.shape[1])
    return gels(a, b, lwork=int(size))


ROUTINES = {
    "solve": np.linalg.solve,
    "inverse": lambda a, b: np.linalg.inv(a),
    "cholesky": lambda a, b: np.linalg.cholesky(a),
    "qr": lambda a, b: np.linalg.qr(a),
    "singular-values": lambda a, b: np.linalg.svd(a, compute_uv=False),
    "svd": lambda a, b: np.linalg.svd(a, full_matrices=False),
    "eigen-symmetric": lambda a, b: np.linalg.eigh(a),
    "least-squares": lambda a, b: np.linalg.lstsq(a, b, rcond=None),
    "least-squares-qr": least_squares_qr,
}
SHORT_SECONDS = 1e-3


def operands(routine, n, dtype):
    """Numbers uniform in ±1, and a symmetric matrix where one is needed."""
    rng = np.random.default_rng(1)
    m = 4 * n if routine.startswith("least-squares") else n
    a = rng.uniform(-1, 1, (m, n))
    if routine in ("cholesky", "eigen-symmetric"):
        a = np.triu(a) + np.triu(a, 1).T
    if routine == "cholesky":
        a += n * np.eye(n)
    return a.astype(dtype), rng.uniform(-1, 1, (m, 1)).astype(dtype)


def measure(routine, n, dtype, repeats):
    """The seconds of one call, a number for each repetition; small ones are timed many at once."""
    call = ROUTINES[routine]
    a, b = operands(routine, n, dtype)
    call(a, b)
    start = time.perf_counter()
    call(a, b)
    count = max(1, int(SHORT_SECONDS / (time.perf_counter() - start)))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        for _ in range(count):
            call(a, b)
        seconds.append((time.perf_counter() - start) / count)
    return seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", required=True)
    parser.add_argument("--routine", choices=ROUTINES, nargs="+", default=list(ROUTINES))
    parser.add_argument("--dtype", choices=["float32", "float64"], required=True)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for routine in options.routine:
        for n in options.sizes:
            seconds = measure(routine, n, options.dtype, options.repeats)
            result = {
                "routine": routine,
                "dtype": options.dtype,
                "n": n,
                "median_ms": statistics.median(seconds) * 1e3,
            }
            print(json.dumps(result))


if __name__ == "__main__":
    main()
