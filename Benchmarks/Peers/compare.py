"""Trains the workloads with Maru and with its peers in turn, and prints how they compare.

It runs in an environment of its own, into which it installs the peers (`make bench-peers`).
"""

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import chart
from workloads import WORKLOADS, find_files

FOLDER = Path(__file__).resolve().parent
BENCHMARKS = FOLDER.parent.parent / ".build/release/benchmarks"
OURS = "maru"
PEERS = ["numpy", "jax", "torch", "torch-channels-last", "keras-jax", "keras-tensorflow"]
PACKAGES = ["numpy", "scipy", "jax", "jaxlib", "torch", "keras", "tensorflow-cpu"]


class Failure(Exception):
    """A program that failed; its text is the last line it wrote."""


def output(command, environment={}):
    """What the program writes to standard output."""
    result = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env={**os.environ, **environment}
    )
    if result.returncode:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise Failure(lines[-1] if lines else f"ended with status {result.returncode}")
    return result.stdout


def trains(backend, workload):
    """Whether a backend has what a workload needs: NumPy has no convolutions, and only images have a
    format in memory."""
    if backend == "numpy":
        return not WORKLOADS[workload].stages
    return backend != "torch-channels-last" or bool(WORKLOADS[workload].stages)


def install(peer):
    requirements = FOLDER / f"requirements-{peer.removesuffix('-channels-last')}.txt"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    output([*pip, "--retries", 1, "-r", requirements])


def measure(backend, workload, epochs, directory, threads=None, prefix=()):
    """The result that the backend prints, from a process of its own; ours on at most so many threads.

    The prefix are words to put before the command.
    """
    library, _, variant = backend.partition("-")
    if backend == OURS:
        command = [BENCHMARKS, "training", "--backend", "blas", "--repeats", 1, "--json"]
        command += ["--threads", threads or len(os.sched_getaffinity(0))]
    else:
        command = [sys.executable, FOLDER / f"{library}_peer.py"]
    command += ["--workload", workload, "--epochs", epochs]
    if directory:
        command += ["--data-directory", directory]
    if library == "torch" and variant:
        command += ["--variant", variant]
    command = [*prefix, *command]
    lines = output(command, {"KERAS_BACKEND": variant} if library == "keras" else {}).splitlines()
    return json.loads(lines[-1])


def machine():
    """Lines that name the processor and the versions."""
    name = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            pass
    return [
        f"{name}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the start",
        f"OPENBLAS_CORETYPE: {os.environ.get('OPENBLAS_CORETYPE', 'unset')}",
        f"Python {platform.python_version()}, {', '.join(versions)}",
        *output([BENCHMARKS, "info"]).splitlines(),
    ]


def aligned(rows):
    """Lines of columns; the first flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def median(results):
    return statistics.median(result["ms_per_epoch"] for result in results)


def ratio(results, backend):
    """Ours over the peer's, or a dash where one of them failed."""
    if not (results.get(OURS) and results.get(backend)):
        return "–"
    return f"{median(results[OURS]) / median(results[backend]):.2f}"


def workload_table(results):
    """Results are lists, one entry a round, by backend."""
    rows = [
        ["", "ms/epoch", "min–max", "µs/step", "samples/s", "accuracy", "threads", "core"]
        + ["ours/peer"]
    ]
    for backend, runs in results.items():
        if not runs:
            continue
        times = [run["ms_per_epoch"] for run in runs]
        middle = lambda key: statistics.median(run[key] for run in runs)
        rows.append(
            [
                backend,
                f"{median(runs):.1f}",
                f"{min(times):.1f}–{max(times):.1f}",
                f"{middle('us_per_step'):.1f}",
                f"{middle('samples_per_second'):,.0f}",
                f"{middle('accuracy'):.4f}",
                str(runs[0]["threads"]),
                runs[0]["core"] or "–",
                "" if backend == OURS else ratio(results, backend),
            ]
        )
    return aligned(rows)


def ratio_table(all_results, peers):
    rows = [["ours/peer", *peers]]
    for workload, results in all_results.items():
        rows.append([workload, *(ratio(results, peer) for peer in peers)])
    return aligned(rows)


def draw(path, all_results):
    """Writes a picture of the median epochs."""
    groups = [
        (
            str(WORKLOADS[name]).partition(f" of {WORKLOADS[name].dataset}")[0] + " per epoch",
            {backend: median(runs) for backend, runs in results.items() if runs},
        )
        for name, results in all_results.items()
    ]
    Path(path).write_text(chart.svg(groups))


def note(text):
    print(text, file=sys.stderr, flush=True)


def arguments(description, peers):
    """A parser of the options that all comparisons of training have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--workload", choices=WORKLOADS, nargs="+", default=list(WORKLOADS))
    parser.add_argument("--peers", choices=peers, nargs="*", default=peers)
    parser.add_argument("--epochs", type=int, default=3, help="measured in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data-directory", help="looked into first, as maru does")
    return parser


def installed(peers, left_out):
    """Those of the peers that can be installed; says of the others why not."""
    found = []
    for peer in peers:
        note(f"installing what {peer} needs")
        try:
            install(peer)
            found.append(peer)
        except Failure as failure:
            left_out.append(f"{peer} could not be installed: {failure}")
    return found


def with_data(options, left_out):
    """The workloads whose data are there."""
    for name in options.workload:
        try:
            if WORKLOADS[name].dataset != "tiny":
                find_files(WORKLOADS[name].dataset, options.data_directory)
            yield name
        except FileNotFoundError as error:
            left_out.append(f"{name}: {error}")


def tell(left_out):
    """Prints what could not be measured."""
    if left_out:
        print("\nleft out:")
        print("\n".join(dict.fromkeys(left_out)))


def main():
    parser = arguments(__doc__, PEERS)
    parser.add_argument("--chart", metavar="FILE", help="draws the epochs as an SVG")
    options = parser.parse_args()
    left_out = []
    peers = installed(options.peers, left_out)
    print("\n".join(machine()))

    all_results = {}
    for name in with_data(options, left_out):
        backends = [backend for backend in [OURS, *peers] if trains(backend, name)]
        results = all_results[name] = {backend: [] for backend in backends}
        for turn in range(options.rounds):
            for backend, runs in results.items():
                note(f"{name}, round {turn + 1} of {options.rounds}: {backend}")
                try:
                    runs.append(measure(backend, name, options.epochs, options.data_directory))
                except Failure as failure:
                    left_out.append(f"{backend} failed at {name}: {failure}")
        print(f"\n{name}: {WORKLOADS[name]}")
        print("\n".join(workload_table(results)), flush=True)
    print()
    print("\n".join(ratio_table(all_results, peers)))
    if options.chart:
        draw(options.chart, all_results)
    tell(left_out)


if __name__ == "__main__":
    main()
