"""Trains the workloads beside busy programs, with Maru and with its peers in turn.

A busy program is an endless loop on a processor of its own. Maru is measured as it chooses its threads
itself, and with at most each number, of which the best is what it should come near.
"""

import argparse
import os
import statistics
import subprocess
import sys
from contextlib import contextmanager

from compare import OURS, Failure, aligned, install, machine, measure, note
from workloads import WORKLOADS, find_files

PEERS = ["numpy", "jax", "torch"]
FIXED = "maru, at most "
LOOP = "while True: pass"


@contextmanager
def busy(count):
    """Runs as many endless loops, each pinned to a processor, from the first on."""
    loops = []
    try:
        for processor in sorted(os.sched_getaffinity(0))[:count]:
            loop = subprocess.Popen([sys.executable, "-c", LOOP])
            loops.append(loop)
            os.sched_setaffinity(loop.pid, {processor})
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def run(backend, workload, epochs, directory):
    if backend.startswith(FIXED):
        return measure(OURS, workload, epochs, directory, threads=backend.removeprefix(FIXED))
    return measure(backend, workload, epochs, directory)


def table(name, states, results):
    """Results are milliseconds an epoch, a list for each backend and state."""
    fixed = [backend for backend in results if backend.startswith(FIXED)]
    rows = [[name, *states]]
    for backend, by_state in results.items():
        rows.append([backend, *(cell(by_state[state]) for state in states)])
    ours = results[OURS]
    rows.append(["maru / its best", *(share(ours, results, fixed, s) for s in states)])
    for peer in [backend for backend in results if backend not in [OURS, *fixed]]:
        rows.append([f"maru / {peer}", *(share(ours, results, [peer], s) for s in states)])
    return aligned(rows)


def cell(times):
    if not times:
        return "–"
    return f"{statistics.median(times):.1f} ({min(times):.1f}–{max(times):.1f})"


def share(ours, results, others, state):
    """Our median over the least of the others'."""
    medians = [statistics.median(results[o][state]) for o in others if results[o][state]]
    if not (ours[state] and medians):
        return "–"
    return f"{statistics.median(ours[state]) / min(medians):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workload", choices=WORKLOADS, nargs="+", default=list(WORKLOADS))
    parser.add_argument("--peers", choices=PEERS, nargs="*", default=PEERS)
    parser.add_argument("--epochs", type=int, default=3, help="measured in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data-directory", help="looked into first, as maru does")
    options = parser.parse_args()

    processors = len(os.sched_getaffinity(0))
    states = {"quiet": 0, "one busy loop": 1, f"{processors} busy loops": processors}
    left_out, peers = [], []
    for peer in options.peers:
        note(f"installing what {peer} needs")
        try:
            install(peer)
            peers.append(peer)
        except Failure as failure:
            left_out.append(f"{peer} could not be installed: {failure}")
    print("\n".join(machine()))
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64, 128) if count <= processors]
    backends = [OURS, *(f"{FIXED}{count}" for count in counts), *peers]
    for name in options.workload:
        try:
            find_files(WORKLOADS[name].dataset, options.data_directory)
        except FileNotFoundError as error:
            left_out.append(f"{name}: {error}")
            continue
        results = {backend: {state: [] for state in states} for backend in backends}
        for turn in range(options.rounds):
            for state, loops in states.items():
                for backend in backends:
                    note(f"{name}, round {turn + 1} of {options.rounds}, {state}: {backend}")
                    try:
                        with busy(loops):
                            result = run(backend, name, options.epochs, options.data_directory)
                        results[backend][state].append(result["ms_per_epoch"])
                    except Failure as failure:
                        left_out.append(f"{backend} failed at {name}: {failure}")
        print(f"\n{name}: {WORKLOADS[name]}; ms an epoch, median (least–greatest)")
        print("\n".join(table("", states, results)), flush=True)
    if left_out:
        print("\nleft out:")
        print("\n".join(dict.fromkeys(left_out)))


if __name__ == "__main__":
    main()
