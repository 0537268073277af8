"""Trains the workloads beside busy programs, with Maru and with its peers in turn.

A busy program is an endless loop on a processor of its own. Maru is measured as it chooses its threads
itself, and with at most each number, of which the best is what it should come near.
"""

import os
import statistics
import subprocess
import sys
from contextlib import contextmanager

from compare import OURS, Failure, aligned, arguments, installed, machine, measure, note, tell, with_data
from workloads import WORKLOADS

PEERS = ["numpy", "jax", "torch"]
AT_MOST = "maru, at most "
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
    if backend.startswith(AT_MOST):
        return measure(OURS, workload, epochs, directory, threads=backend.removeprefix(AT_MOST))
    return measure(backend, workload, epochs, directory)


def table(name, states, results):
    """Results are milliseconds an epoch, a list for each backend and state."""
    limits = [backend for backend in results if backend.startswith(AT_MOST)]
    rows = [[name, *states]]
    for backend, by_state in results.items():
        rows.append([backend, *(cell(by_state[state]) for state in states)])
    ours = results[OURS]
    rows.append(["maru / its best", *(share(ours, results, limits, s) for s in states)])
    for peer in [backend for backend in results if backend not in [OURS, *limits]]:
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
    options = arguments(__doc__, PEERS).parse_args()
    left_out = []
    peers = installed(options.peers, left_out)
    print("\n".join(machine()))
    processors = len(os.sched_getaffinity(0))
    states = {"quiet": 0, "one busy loop": 1, f"{processors} busy loops": processors}
    counts = [count for count in (1, 2, 4, 8, 16, 32, 64, 128) if count <= processors]
    backends = [OURS, *(f"{AT_MOST}{count}" for count in counts), *peers]
    for name in with_data(options, left_out):
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
    tell(left_out)


if __name__ == "__main__":
    main()
